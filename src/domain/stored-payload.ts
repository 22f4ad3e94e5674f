// How the content of rows is written to the database and read from it.

/** Which row a payload belongs to: a name for its kind of row, and the row's unique key. */
export type PayloadRow = readonly [kind: string, ...key: readonly string[]];

/** Turns payloads into what is stored, and back; encrypts them where there is a key. */
export interface PayloadCodec {
  /** The ids of the keys. The first encrypts, all decrypt; without any, payloads are stored as they are. */
  readonly keyIds: readonly string[];
  /** A payload as the JSON text that is stored in its row. */
  readonly encode: (row: PayloadRow, payload: unknown) => string;
  /**
   * The payload of a row, from the JSON that is stored there.
   * @throws BridgeError `payload-key-missing`, `payload-unreadable`
   */
  readonly decode: (row: PayloadRow, stored: unknown) => unknown;
  /** A text as it is stored in a column of texts. */
  readonly encodeText: (row: PayloadRow, text: string) => string;
  /** The text of a row. @throws BridgeError as `decode` does */
  readonly decodeText: (row: PayloadRow, stored: string) => string;
}
