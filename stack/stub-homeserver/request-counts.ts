// Counts requests by operation (method and route), and tells those that read from those that write.

/** Whether a request changes anything. */
export type RequestKind = 'read' | 'write';

/** What was asked since the last reset. */
export interface RequestCounts {
  readonly reads: number;
  readonly writes: number;
  /** By method and route, such as `PUT /rooms/{roomId}/state/{type}/{key}`. */
  readonly byOperation: Readonly<Record<string, number>>;
  /** When the first one came, by `performance.now()`. */
  readonly firstAt: number | undefined;
}

/** Creates a counter. */
export function createRequestCounter() {
  let counts = new Map<string, { kind: RequestKind; count: number }>();
  let firstAt: number | undefined;
  const sum = (kind: RequestKind): number =>
    [...counts.values()].reduce((total, entry) => total + (entry.kind === kind ? entry.count : 0), 0);
  return {
    count: (operation: string, kind: RequestKind): void => {
      firstAt ??= performance.now();
      const entry = counts.get(operation) ?? { kind, count: 0 };
      entry.count += 1;
      counts.set(operation, entry);
    },
    requests: (): RequestCounts => ({
      reads: sum('read'),
      writes: sum('write'),
      firstAt,
      byOperation: Object.fromEntries([...counts].map(([operation, { count }]) => [operation, count])),
    }),
    reset: (): void => {
      counts = new Map();
      firstAt = undefined;
    },
  };
}

export type RequestCounter = ReturnType<typeof createRequestCounter>;
