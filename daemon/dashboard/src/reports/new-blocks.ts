/** The blocks that can be added. Pure. */
import { newGrid } from "../panels/grid-edit";
import type { Block } from "./blocks";
import { codeBlock } from "./from-markdown";

const said = (text: string) => [{ text }];
const item = (more: object) => ({ type: "list-item", children: [{ type: "paragraph", children: said("") }], ...more });

/** What is offered, with the block that it makes. */
export const NEW: [name: string, make: () => Block][] = [
  ["Text", () => ({ type: "paragraph", children: said("") })],
  ["Heading", () => ({ type: "heading", children: said(""), level: 2 })],
  ["Panels", () => ({ type: "panel-grid", children: said(""), metadata: newGrid() })],
  ["List", () => ({ type: "list", children: [item({})] })],
  ["Checklist", () => ({ type: "list", children: [item({ checked: false })] })],
  ["Code", () => codeBlock("", "python")],
  ["Markdown", () => ({ type: "markdown-block", children: said(""), content: "" })],
  ["Formula", () => ({ type: "latex", children: said(""), content: "", block: true })],
  ["Image", () => ({ type: "image", children: said(""), url: "", hasCaption: false })],
  ["Quote", () => ({ type: "block-quote", children: said("") })],
  ["Callout", () => ({ type: "callout-block", children: [{ type: "callout-line", children: said("") }] })],
  ["Line", () => ({ type: "horizontal-rule", children: said("") })],
  ["Table of contents", () => ({ type: "table-of-contents", children: said("") })],
];
