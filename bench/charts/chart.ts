// A chart of a benchmark's figures: rows with one value for each of a few series, and the limit that a row is to keep.

/** A chart. */
export interface Chart {
  /** Of its file, without an ending. */
  readonly name: string;
  readonly title: string;
  /** Of all values. */
  readonly unit: string;
  /** Bars begin at nothing; dots stand on a logarithmic scale, for values that differ by much. */
  readonly marks: 'bars' | 'dots';
  readonly rows: readonly ChartRow[];
}

/** A row. */
export interface ChartRow {
  readonly label: string;
  readonly values: readonly ChartValue[];
  readonly limit?: { readonly value: number; readonly is: 'least' | 'most' };
}

/** A value. */
export interface ChartValue {
  readonly series: string;
  readonly value: number;
}
