/// <reference lib="dom" />
/** What React says of mistakes: this is imported before it. */
export const complaints: string[] = [];

for (const level of ["error", "warn"] as const) {
  console[level] = (...words: unknown[]) => void complaints.push(words.join(" "));
}

// It recommends its tools.
console.info = () => {};

// React 18 reports what an error boundary has caught, too.
addEventListener("error", (event) => {
  complaints.push(event.message);
  event.preventDefault();
});

// WebKit has no symbols for `using`; these are those that the bundler takes in their place.
for (const name of ["dispose", "asyncDispose"]) {
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol.for(`Symbol.${name}`) });
}
