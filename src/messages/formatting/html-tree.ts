// Reads HTML into a tree.
import { Parser } from 'htmlparser2';

/** A tag with what stands in it. */
export interface HtmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly HtmlNode[];
}

/** A tag or a text, its entities decoded. */
export type HtmlNode = HtmlElement | string;

/** The tags and texts of HTML; tags that were not closed close with those around them. */
export function parseHtml(html: string): readonly HtmlNode[] {
  const roots: HtmlNode[] = [];
  const open: HtmlNode[][] = [roots];
  const parser = new Parser({
    onopentag: (name, attributes) => {
      const children: HtmlNode[] = [];
      open.at(-1)?.push({ name, attributes, children });
      open.push(children);
    },
    ontext: (text) => open.at(-1)?.push(text),
    onclosetag: () => open.pop(),
  });
  parser.end(html);
  return roots;
}
