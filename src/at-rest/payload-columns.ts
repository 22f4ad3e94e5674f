// The columns that are encrypted: each has its line here, so that its rows are encrypted anew after a key was added.

/** A column that is encrypted. */
export interface PayloadColumn {
  readonly table: string;
  readonly column: string;
  /** Whether it holds JSON, or a text or nothing. */
  readonly holds: 'json' | 'text';
  /** The kind of row by which payloads are bound to theirs. */
  readonly kind: string;
  /** The columns of the key that they are bound to. */
  readonly boundTo: readonly string[];
  /** What tells the rows of the table apart, where that is more. */
  readonly id?: string;
}

/** All of them. A dead letter is a copy of its item, and its payload is bound to that. */
export const PAYLOAD_COLUMNS: readonly PayloadColumn[] = [
  ...[
    { table: 'item', column: 'payload', kind: 'item', boundTo: ['source', 'source_id'] },
    { table: 'dead_letter', column: 'payload', kind: 'item', boundTo: ['source', 'source_id'], id: 'id' },
    { table: 'waiting_item', column: 'payload', kind: 'waiting_item', boundTo: ['waits_for', 'about'] },
    { table: 'matrix_arrival', column: 'event', kind: 'matrix_arrival', boundTo: ['event_id'] },
  ].map((column): PayloadColumn => ({ ...column, holds: 'json' })),
  ...[
    { table: 'message_link', column: 'digest', kind: 'message_link', boundTo: ['cause', 'part'] },
    { table: 'ghost', column: 'display_name', kind: 'ghost', boundTo: ['user_id'] },
  ].map((column): PayloadColumn => ({ ...column, holds: 'text' })),
];
