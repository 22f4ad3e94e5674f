// Compares what was said on one side with what came out on the other: what is lost, doubled, out of order or altered.

/** A message as it was said at first, or its edit. */
export interface Said {
  /** One side of one conversation. What a stream says is in order. */
  readonly stream: string;
  /** Begins all texts of the message, and of no other. */
  readonly token: string;
  readonly text: string;
  readonly atMs: number;
}

/** What came out: a message, or a change of one. */
export interface Arrival {
  readonly stream: string;
  /** Which record or event it is. */
  readonly record: string;
  readonly token: string;
  readonly text: string;
  readonly atMs: number;
}

/** How a bridge did. All but the latencies count messages. */
export interface Verdict {
  readonly sent: number;
  readonly arrived: number;
  readonly lost: number;
  /** Those that came out more than once. */
  readonly doubled: number;
  /** Messages and edits that came out after one that was said later. */
  readonly outOfOrder: number;
  /** Those whose last text is not the one that was said last. */
  readonly altered: number;
  /** From the saying of each text to its first arrival, in milliseconds. */
  readonly latenciesMs: readonly number[];
}

/** Judges. @param said in the order in which it was said, and `arrivals` in the order in which it came out */
export function judge(said: readonly Said[], arrivals: readonly Arrival[]): Verdict {
  const messages = [...Map.groupBy(said, keyOf).entries()].map(([key, texts]) => ({ key, texts }));
  const arrivalsOf = Map.groupBy(arrivals, keyOf);
  const firstOf = new Map<string, Arrival>();
  for (const arrival of arrivals) {
    const key = textKeyOf(arrival);
    if (!firstOf.has(key)) firstOf.set(key, arrival);
  }
  const arrived = messages.filter(({ key }) => arrivalsOf.has(key));
  return {
    sent: messages.length,
    arrived: arrived.length,
    lost: messages.length - arrived.length,
    doubled: arrived.filter(({ key }) => recordsIn(arrivalsOf.get(key) ?? []).size > 1).length,
    outOfOrder: [...Map.groupBy(said, ({ stream }) => stream).values()].reduce(
      (sum, ofStream) => sum + countOvertaken(ofStream.map((each) => firstOf.get(textKeyOf(each)))),
      0,
    ),
    altered: arrived.filter(({ key, texts }) => arrivalsOf.get(key)?.at(-1)?.text !== texts.at(-1)?.text)
      .length,
    latenciesMs: said.flatMap((each) => {
      const first = firstOf.get(textKeyOf(each));
      return first === undefined ? [] : [first.atMs - each.atMs];
    }),
  };
}

/** How many came after one that was said later. @param arrivals in the order in which it was said */
function countOvertaken(arrivals: readonly (Arrival | undefined)[]): number {
  let count = 0;
  let earliestOfLater = Number.POSITIVE_INFINITY;
  for (const arrival of arrivals.toReversed()) {
    if (arrival === undefined) continue;
    if (arrival.atMs > earliestOfLater) count += 1;
    earliestOfLater = Math.min(earliestOfLater, arrival.atMs);
  }
  return count;
}

function recordsIn(arrivals: readonly Arrival[]): ReadonlySet<string> {
  return new Set(arrivals.map(({ record }) => record));
}

function keyOf({ stream, token }: Pick<Said, 'stream' | 'token'>): string {
  return `${stream} ${token}`;
}

function textKeyOf({ stream, text }: Pick<Said, 'stream' | 'text'>): string {
  return `${stream} ${text}`;
}
