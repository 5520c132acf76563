import { fileURLToPath } from "node:url";

function folder(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** The versions of React that are tested, as a bundler finds each under the names that applications import. */
export const REACT_VERSIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "19": {
    react: folder("../../node_modules/react"),
    "react-dom": folder("../../node_modules/react-dom"),
    // The one for browsers keeps Node from ending.
    "react-dom/server.browser": folder("../../node_modules/react-dom/server.edge.js"),
  },
  "18": { react: folder("../node_modules/react-18"), "react-dom": folder("../node_modules/react-dom-18") },
};
