// Lays a graph without circles out in layers: every arrow leads downwards, long ones run between the boxes.
// The steps are those of Sugiyama's method (https://en.wikipedia.org/wiki/Layered_graph_drawing), kept small.

/** An arrow from a box to one in a lower layer. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly dashed: boolean;
}

/** Sizes in pixels. */
export interface Sizes {
  readonly width: number;
  readonly box: { readonly width: number; readonly height: number };
  readonly layerGap: number;
}

/** Where a box stands: its upper left corner. */
export interface Placed {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** The way of an arrow, from the lower edge of one box to the upper edge of another. */
export interface Way extends Arrow {
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A box, or the place where an arrow passes through a layer. */
interface Slot {
  readonly name: string;
  readonly isBox: boolean;
  readonly layer: number;
  x: number;
}

/** Two slots of neighbouring layers that an arrow joins. */
interface Link {
  readonly upper: Slot;
  readonly lower: Slot;
}

const PASSAGE_WIDTH = 14;
const SLOT_GAP = 12;

/**
 * Lays out the boxes.
 * @param names the boxes; each stands one layer above the highest to which its arrows lead
 * @returns the boxes, the ways of the arrows, and the height of all layers; y counts from the top
 */
export function layOut(
  names: readonly string[],
  arrows: readonly Arrow[],
  sizes: Sizes,
): { readonly boxes: readonly Placed[]; readonly ways: readonly Way[]; readonly height: number } {
  const layerOf = layersOf(names, arrows);
  const boxes = names.map((name): Slot => ({ name, isBox: true, layer: layerOf(name), x: 0 }));
  const chains = arrows.map((arrow) => chainOf(arrow, boxes));
  const links = chains.flatMap((chain) =>
    chain.slice(1).flatMap((lower, at) => {
      const upper = chain[at];
      return upper === undefined ? [] : [{ upper, lower }];
    }),
  );
  const layers = byLayer([...boxes, ...chains.flatMap((chain) => chain.slice(1, -1))]);
  for (const layer of layers) spread(layer, sizes);
  reorder(layers, links, sizes);
  for (let round = 0; round < 30; round += 1) for (const layer of layers) straighten(layer, links, sizes);

  const step = sizes.box.height + sizes.layerGap;
  const top = (slot: Slot): number => (layers.length - 1 - slot.layer) * step;
  return {
    boxes: boxes.map((slot) => ({ name: slot.name, x: slot.x - sizes.box.width / 2, y: top(slot) })),
    ways: arrows.map((arrow, index) => ({
      ...arrow,
      points: pointsOf(chains[index] ?? [], links, top, sizes.box),
    })),
    height: layers.length * step - sizes.layerGap,
  };
}

function layersOf(names: readonly string[], arrows: readonly Arrow[]): (name: string) => number {
  const known = new Map<string, number>();
  const layerOf = (name: string): number => {
    const found =
      known.get(name) ??
      Math.max(-1, ...arrows.flatMap(({ from, to }) => (from === name ? [layerOf(to)] : []))) + 1;
    known.set(name, found);
    return found;
  };
  names.forEach(layerOf);
  return layerOf;
}

/** The slots through which an arrow leads, from its upper box to its lower one. */
function chainOf({ from, to }: Arrow, boxes: readonly Slot[]): readonly Slot[] {
  const [upper, lower] = [from, to].map((name) => boxes.find((slot) => slot.name === name));
  if (upper === undefined || lower === undefined) throw new Error(`no box ${from} or ${to}`);
  const passages = Array.from({ length: upper.layer - lower.layer - 1 }, (_, index): Slot => {
    return { name: `${from} ${to}`, isBox: false, layer: upper.layer - 1 - index, x: 0 };
  });
  return [upper, ...passages, lower];
}

function byLayer(slots: readonly Slot[]): Slot[][] {
  const count = Math.max(...slots.map(({ layer }) => layer)) + 1;
  return Array.from({ length: count }, (_, layer) => slots.filter((slot) => slot.layer === layer));
}

const widthOf = (slot: Slot, { box }: Sizes): number => (slot.isBox ? box.width : PASSAGE_WIDTH);

/** Gives the slots of a layer equal gaps over the whole width. */
function spread(layer: readonly Slot[], sizes: Sizes): void {
  const taken = layer.reduce((sum, slot) => sum + widthOf(slot, sizes), 0);
  const gap = (sizes.width - taken) / (layer.length + 1);
  let x = gap;
  for (const slot of layer) {
    slot.x = x + widthOf(slot, sizes) / 2;
    x += widthOf(slot, sizes) + gap;
  }
}

/** Moves slots within their layers as long as that makes fewer crossings or shorter arrows. */
function reorder(layers: readonly Slot[][], links: readonly Link[], sizes: Sizes): void {
  const moves = layers.flatMap((layer) =>
    layer.flatMap((_, from) => layer.map((__, to) => ({ layer, from, to }))),
  );
  let cost = costOf(links);
  for (let improved = true; improved;) {
    improved = false;
    for (const { layer, from, to } of moves) {
      move(layer, from, to, sizes);
      const now = costOf(links);
      improved ||= now < cost;
      if (now < cost) cost = now;
      else move(layer, to, from, sizes);
    }
  }
}

function move(layer: Slot[], from: number, to: number, sizes: Sizes): void {
  layer.splice(to, 0, ...layer.splice(from, 1));
  spread(layer, sizes);
}

/** The number of crossings; of equals the one with the shorter arrows costs less. */
function costOf(links: readonly Link[]): number {
  let cost = 0;
  links.forEach((one, index) => {
    cost += Math.abs(one.upper.x - one.lower.x) / 1000;
    for (const other of links.slice(index + 1)) {
      if (one.upper.layer !== other.upper.layer) continue;
      if ((one.upper.x - other.upper.x) * (one.lower.x - other.lower.x) < 0) cost += 1;
    }
  });
  return cost;
}

/** Moves each slot towards those it is joined with, as far as its neighbours leave room. */
function straighten(layer: readonly Slot[], links: readonly Link[], sizes: Sizes): void {
  layer.forEach((slot, at) => {
    const joined = links.flatMap(({ upper, lower }) =>
      upper === slot ? [lower.x] : lower === slot ? [upper.x] : [],
    );
    if (joined.length === 0) return;
    const half = widthOf(slot, sizes) / 2;
    const [left, right] = [layer[at - 1], layer[at + 1]];
    const least = left === undefined ? half : left.x + widthOf(left, sizes) / 2 + SLOT_GAP + half;
    const most =
      right === undefined ? sizes.width - half : right.x - widthOf(right, sizes) / 2 - SLOT_GAP - half;
    const mean = joined.reduce((sum, x) => sum + x, 0) / joined.length;
    slot.x = Math.min(Math.max(mean, least), Math.max(most, least));
  });
}

function pointsOf(
  chain: readonly Slot[],
  links: readonly Link[],
  top: (slot: Slot) => number,
  { width, height }: Sizes['box'],
): Way['points'] {
  const port = (slot: Slot, next: Slot, side: 'upper' | 'lower'): number => {
    const other = side === 'upper' ? 'lower' : 'upper';
    const ends = links
      .filter((link) => link[side] === slot)
      .map((link) => link[other])
      .sort((a, b) => a.x - b.x);
    return slot.x + (width * 0.8 * (ends.indexOf(next) + 1)) / (ends.length + 1) - width * 0.4;
  };
  return chain.flatMap((slot, at) => {
    const [before, after] = [chain[at - 1], chain[at + 1]];
    const y = top(slot);
    if (after === undefined) return before === undefined ? [] : [[port(slot, before, 'lower'), y]];
    if (before === undefined) return [[port(slot, after, 'upper'), y + height]];
    return [
      [slot.x, y],
      [slot.x, y + height],
    ];
  });
}
