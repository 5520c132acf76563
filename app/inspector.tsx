import { defineInspector } from "@vantage/live/inspector";
import { createElement, type ReactNode } from "react";
import { recorder } from "./shop.ts";

defineInspector();

/** What the list with the module does, drawn. The types of JSX have no element of this name. */
export function Inspector(): ReactNode {
  return createElement("vantage-inspector", { id: "inspector", source: recorder });
}
