// Writes HTML as text that says the same to a reader who sees no formatting.
import { parseHtml, type HtmlElement, type HtmlNode } from './html-tree.ts';
import { lowered, raised } from './raised-text.ts';

/** A part of the text: a block stands in lines of its own, and a spaced block has an empty line around it. */
interface Piece {
  readonly text: string;
  readonly place: 'inline' | 'block' | 'spaced';
}

/** Where a tag stands. */
interface Context {
  /** In `pre`, where spaces and line feeds are kept as they are. */
  readonly isPre: boolean;
  readonly isInList: boolean;
}

const BLOCKS: ReadonlySet<string> = new Set([
  ...['div', 'details', 'summary', 'caption', 'thead', 'tbody', 'td', 'th'],
]);
const SPACED: ReadonlySet<string> = new Set(['p', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'table']);

/**
 * The text of HTML. What was struck out stands between `~~`, as Matrix clients write it in the plain body; lists keep their
 * marks, quotes `>`, tables a line for each row; a link is followed by its address, unless that is its text or it mentions
 * a user or room. Bold, italic, underlined and coloured text keep their words alone.
 * @param html as `sanitiseHtml` makes it
 */
export function textOfHtml(html: string): string {
  return textOf(parseHtml(html), { isPre: false, isInList: false });
}

function textOf(nodes: readonly HtmlNode[], context: Context): string {
  return laidOut(
    nodes.flatMap((node) => piecesOf(node, context)),
    context,
  );
}

function piecesOf(node: HtmlNode, context: Context): readonly Piece[] {
  if (typeof node === 'string') return [inline(context.isPre ? node : node.replace(/[ \t\n]+/g, ' '))];
  const { name, children } = node;
  const pieces = (): readonly Piece[] => children.flatMap((child) => piecesOf(child, context));
  switch (name) {
    case 'br':
      return [inline('\n')];
    case 'hr':
      return [{ text: '---', place: 'spaced' }];
    case 'del':
    case 's':
      return eachText(pieces(), context, (text) => `~~${text}~~`);
    case 'sup':
      return eachText(pieces(), context, raised);
    case 'sub':
      return eachText(pieces(), context, lowered);
    case 'a':
      return eachText(pieces(), context, (text) => withAddress(text, node.attributes['href']));
    case 'pre': {
      const text = textOf(children, { ...context, isPre: true });
      return [{ text: text.replace(/^\n/, '').trimEnd(), place: 'spaced' }];
    }
    case 'blockquote':
      return [{ text: textOf(children, context).replace(/^/gm, '> '), place: 'spaced' }];
    case 'ul':
    case 'ol':
      return [{ text: listed(node, context), place: context.isInList ? 'block' : 'spaced' }];
    case 'li':
      return [{ text: marked('- ', textOf(children, context)), place: 'block' }];
    case 'tr':
      return [{ text: rowOf(children, context), place: 'block' }];
    default:
      if (!SPACED.has(name) && !BLOCKS.has(name)) return pieces();
      return [{ text: textOf(children, context), place: SPACED.has(name) ? 'spaced' : 'block' }];
  }
}

function inline(text: string): Piece {
  return { text, place: 'inline' };
}

/** The pieces as one text. */
function laidOut(pieces: readonly Piece[], context: Context): string {
  let text = '';
  let before: Piece['place'] | undefined;
  for (const piece of joined(pieces, context)) {
    if (before !== undefined) text += piece.place === 'spaced' || before === 'spaced' ? '\n\n' : '\n';
    text += piece.text;
    before = piece.place;
  }
  return text;
}

/** The pieces with those of one line as one, without empty ones. */
function joined(pieces: readonly Piece[], { isPre }: Context): readonly Piece[] {
  const whole: Piece[] = [];
  let line = '';
  const endLine = (): void => {
    const text = isPre
      ? line
      : line
          .replace(/ +/g, ' ')
          .replace(/ ?\n ?/g, '\n')
          .trim();
    if (text !== '') whole.push(inline(text));
    line = '';
  };
  for (const piece of pieces) {
    if (piece.place === 'inline') line += piece.text;
    else {
      endLine();
      if (piece.text !== '') whole.push(piece);
    }
  }
  endLine();
  return whole;
}

/** Changes the text of a tag's pieces, without the spaces around it. */
function eachText(
  pieces: readonly Piece[],
  context: Context,
  change: (text: string) => string,
): readonly Piece[] {
  if (pieces.some(({ place }) => place !== 'inline'))
    return joined(pieces, context).map(({ text, place }) => ({ text: change(text), place }));
  const text = pieces.map((piece) => piece.text).join('');
  const shown = text.trim();
  if (shown === '') return [inline(text)];
  const start = text.indexOf(shown);
  return [inline(text.slice(0, start) + change(shown) + text.slice(start + shown.length))];
}

function withAddress(text: string, href: string | undefined): string {
  if (href === undefined || href === URL.parse(text)?.href || href === `mailto:${text}`) return text;
  // A mention of a user, room or message.
  return href.startsWith('https://matrix.to/#/') ? text : `${text} (${href})`;
}

function listed({ name, attributes, children }: HtmlElement, around: Context): string {
  const context = { ...around, isInList: true };
  let number = Number(attributes['start'] ?? 1);
  const items = children.flatMap((child): readonly Piece[] => {
    if (typeof child === 'string' || child.name !== 'li') return piecesOf(child, context);
    const mark = name === 'ol' ? `${String(number++)}. ` : '- ';
    return [{ text: marked(mark, textOf(child.children, context)), place: 'block' }];
  });
  return laidOut(items, context);
}

function marked(mark: string, text: string): string {
  return mark + text.replace(/\n(?=[^\n])/g, `\n${' '.repeat(mark.length)}`);
}

function rowOf(cells: readonly HtmlNode[], context: Context): string {
  return cells
    .filter((cell) => typeof cell !== 'string' || cell.trim() !== '')
    .map((cell) => textOf([cell], context).replace(/\n+/g, ' / '))
    .join(' | ');
}
