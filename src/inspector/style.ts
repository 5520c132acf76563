/** How the inspector looks: in light and dark, and in forced colours; nothing moves by itself. */
export const STYLE = `
:host {
  color-scheme: light dark;
  --ink: #1b1f24; --quiet: #4a525b; --paper: #ffffff; --line: #b4bcc5;
  --hit: #1a7f4b; --fill: #0b5cad; --stale: #a35b00; --miss: #b3261e; --age: #5b2a86;
  display: block; color: var(--ink); background: var(--paper);
  font: 14px/1.4 system-ui, sans-serif; border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px;
}
@media (prefers-color-scheme: dark) {
  :host {
    --ink: #e8ebee; --quiet: #b3bcc5; --paper: #14181c; --line: #4a525b;
    --hit: #4cc38a; --fill: #6cb2f7; --stale: #f0a33e; --miss: #ff8a80; --age: #c79bf2;
  }
}
:host([hidden]) { display: none; }
[hidden] { display: none !important; }
header { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; }
h2, h3, h4 { margin: 0; font-size: 1em; }
h2 { flex: 1; }
section { border-top: 1px solid var(--line); margin-top: 8px; padding-top: 8px; }
p { margin: 4px 0; overflow-wrap: anywhere; }
ul, ol { margin: 4px 0; padding: 0; list-style: none; }
li { overflow-wrap: anywhere; }
button, select { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--quiet); border-radius: 4px; padding: 4px 8px; min-height: 28px; }
label, select { max-width: 100%; }
:focus-visible { outline: 2px solid var(--fill); outline-offset: 2px; }
.picture { display: block; width: 100%; }
.legend { display: flex; flex-wrap: wrap; gap: 0 16px; color: var(--quiet); }
.key { width: 10px; height: 10px; margin-right: 4px; }
.scroll { max-height: 180px; overflow: auto; }
.parts, time { color: var(--quiet); }
.hit { fill: var(--hit); } .fill { fill: var(--fill); } .stale { fill: var(--stale); } .miss { fill: var(--miss); }
rect.age { fill: var(--age); }
polyline.age { fill: none; stroke: var(--age); stroke-width: 2; vector-effect: non-scaling-stroke; }
.there { fill: var(--hit); opacity: 0.5; } .gone { fill: var(--line); }
.hole { fill: var(--paper); stroke: var(--miss); stroke-width: 2; stroke-dasharray: 4 3; vector-effect: non-scaling-stroke; }
.lanes li { display: flex; flex-wrap: wrap; gap: 4px 8px; margin: 4px 0; align-items: center; }
.write { border: 1px solid var(--quiet); border-radius: 4px; padding: 0 6px; }
.write.sent { border-color: var(--fill); border-width: 2px; }
.row { font-weight: 600; } .error { color: var(--miss); }
@media (forced-colors: active) { .hit, .fill, .stale, .miss, .there { fill: CanvasText; } .hole { fill: Canvas; } }
`;
