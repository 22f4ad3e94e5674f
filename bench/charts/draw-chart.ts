// Draws a chart as SVG, legible by day and by night.
import type { Chart, ChartRow } from './chart.ts';
import { scaleOf, type Scale } from './scale.ts';

const WIDTH = 760;
const AXIS = { left: 250, right: 680 };
const TOP = 62;
const MARK_HEIGHT = 18;
const ROW_GAP = 14;
const FOOT = 34;
const STYLE = `<style>
  text { font: 12px system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif; fill: #1f2328; stroke: #ffffff; stroke-width: 3px; paint-order: stroke; }
  .title { font-size: 15px; font-weight: bold; }
  .page { fill: #ffffff; }
  .line { stroke: #d0d7de; }
  .limit { stroke: #cf222e; stroke-width: 2; }
  .series-0 { fill: #0a60c2; } .series-1 { fill: #8c959f; } .series-2 { fill: #bf8700; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; stroke: #0d1117; }
    .page { fill: #0d1117; }
    .line { stroke: #30363d; }
    .limit { stroke: #ff7b72; }
    .series-0 { fill: #6cb0ff; } .series-1 { fill: #9198a1; } .series-2 { fill: #e3b341; }
  }
</style>`;

/** The chart as the text of an SVG file. */
export function drawChart(chart: Chart): string {
  const scale = scaleOf(chart);
  const series = [...new Set(chart.rows.flatMap(({ values }) => values.map((value) => value.series)))];
  const drawn: string[] = [];
  let y = TOP;
  for (const row of chart.rows) {
    drawn.push(...drawRow(row, y, { chart, scale, series }));
    y += heightOf(row) + ROW_GAP;
  }
  const height = y + FOOT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escape(chart.title)}</title>`,
    `<desc id="description">${escape(chart.rows.map((row) => inWords(row, chart.unit)).join(' '))}</desc>`,
    STYLE,
    `<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>`,
    `<text class="title" x="20" y="26">${escape(chart.title)}</text>`,
    ...series.map((name, index) => legend(name, index)),
    ...scale.lines.flatMap((value) => gridLine(value, scale, y, chart.unit)),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

function drawRow(
  row: ChartRow,
  y: number,
  {
    chart,
    scale,
    series,
  }: { readonly chart: Chart; readonly scale: Scale; readonly series: readonly string[] },
): readonly string[] {
  const middle = y + heightOf(row) / 2;
  const label = `<text x="${AXIS.left - 10}" y="${middle + 4}" text-anchor="end">${escape(row.label)}</text>`;
  const drawn = row.values.map((each, index) => {
    const [x, top] = [xOf(each.value, scale), y + index * MARK_HEIGHT];
    const style = `class="series-${series.indexOf(each.series)}"`;
    const mark =
      chart.marks === 'bars'
        ? `<rect ${style} x="${AXIS.left}" y="${top + 2}" width="${round(x - AXIS.left)}" height="${MARK_HEIGHT - 4}"/>`
        : `<circle ${style} cx="${x}" cy="${top + MARK_HEIGHT / 2}" r="5"/>`;
    return { mark, number: `<text x="${round(x + 9)}" y="${top + 13}">${numberOf(each.value)}</text>` };
  });
  // No line or bar goes over a number.
  const [marks, numbers] = [drawn.map(({ mark }) => mark), drawn.map(({ number }) => number)];
  return [label, ...marks, ...limitLine(row, y, scale), ...numbers];
}

function limitLine(row: ChartRow, y: number, scale: Scale): readonly string[] {
  if (row.limit === undefined) return [];
  const x = xOf(row.limit.value, scale);
  const bottom = y + heightOf(row);
  const sign = row.limit.is === 'least' ? '≥' : '≤';
  return [
    `<line class="limit" x1="${x}" x2="${x}" y1="${y - 3}" y2="${bottom + 3}"/>`,
    `<text x="${WIDTH - 14}" y="${(y + bottom) / 2 + 4}" text-anchor="end">${sign} ${numberOf(row.limit.value)}</text>`,
  ];
}

function legend(name: string, index: number): string {
  const x = AXIS.left + index * 110;
  return `<rect class="series-${index}" x="${x}" y="38" width="12" height="12"/><text x="${x + 18}" y="48">${escape(name)}</text>`;
}

function gridLine(value: number, scale: Scale, bottom: number, unit: string): readonly string[] {
  const x = xOf(value, scale);
  const told = value === scale.lines.at(-1) ? `${numberOf(value)} ${unit}` : numberOf(value);
  return [
    `<line class="line" x1="${x}" x2="${x}" y1="${TOP - 6}" y2="${bottom}"/>`,
    `<text x="${x}" y="${bottom + 16}" text-anchor="middle">${escape(told)}</text>`,
  ];
}

function inWords({ label, values, limit }: ChartRow, unit: string): string {
  const told = values.map(({ series, value }) => `${series} ${numberOf(value)} ${unit}`).join(', ');
  const bound = limit === undefined ? '' : `; at ${limit.is} ${numberOf(limit.value)} ${unit}`;
  return `${label}: ${told}${bound}.`;
}

function heightOf({ values }: ChartRow): number {
  return values.length * MARK_HEIGHT;
}

function xOf(value: number, { at }: Scale): number {
  return round(AXIS.left + at(value) * (AXIS.right - AXIS.left));
}

function round(x: number): number {
  return Math.round(x * 10) / 10;
}

function numberOf(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : '–';
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
