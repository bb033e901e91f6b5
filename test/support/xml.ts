// XML as a strict parser sees it: what is not well-formed throws.
import { SaxesParser } from "saxes";

export interface Node {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Node[];
  text: string;
}

/** The root of a document. Throws on everything that XML 1.0 forbids. */
export function parseXml(text: string): Node {
  const parser = new SaxesParser({ xmlns: false });
  const open: Node[] = [{ name: "", attributes: {}, children: [], text: "" }];
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const node: Node = { name, attributes, children: [], text: "" };
    open.at(-1)?.children.push(node);
    open.push(node);
  });
  parser.on("text", (more) => {
    const node = open.at(-1);
    if (node) node.text += more;
  });
  parser.on("closetag", () => void open.pop());
  parser.write(text).close();
  const root = open[0]?.children[0];
  if (!root) throw new Error("there is no element");
  return root;
}
