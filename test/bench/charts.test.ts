// Charts: values stand where the axis says, limits are drawn, and no text breaks the file.
import { describe, expect, test } from 'vitest';
import type { Chart } from '../../bench/charts/chart.ts';
import { drawChart } from '../../bench/charts/draw-chart.ts';
import { scaleOf } from '../../bench/charts/scale.ts';

function chartOf(marks: Chart['marks'], values: readonly number[], limit?: number): Chart {
  return {
    ...{ name: 'chart', title: 'Fast & <slow>', unit: 'ms', marks },
    rows: values.map((value, index) => ({
      label: `row ${index}`,
      values: [{ series: 'bridge', value }],
      ...(limit !== undefined && { limit: { value: limit, is: 'most' as const } }),
    })),
  };
}

describe('the axis', () => {
  test.each<[string, Chart, readonly number[], number]>([
    [
      'of bars begins at nothing and ends at a round number',
      chartOf('bars', [97, 12]),
      [0, 20, 40, 60, 80, 100],
      0.97,
    ],
    ['of bars has room for the limit', chartOf('bars', [0.4], 1.2), [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2], 1 / 3],
    ['of bars of nothing', chartOf('bars', [0]), [0, 0.2, 0.4, 0.6, 0.8, 1], 0],
    ['of dots has a line at each power of ten', chartOf('dots', [100, 3, 900]), [1, 10, 100, 1000], 2 / 3],
    ['of dots puts what is not above nothing at its end', chartOf('dots', [-5, 40]), [10, 100], 0],
  ])('%s', (_, chart, lines, share) => {
    const scale = scaleOf(chart);
    expect(scale.lines).toEqual(lines);
    expect(scale.at(chart.rows[0]?.values[0]?.value ?? Number.NaN)).toBeCloseTo(share);
  });
});

describe('the drawing', () => {
  test('has one bar, one limit and one label for each row, and its texts are escaped', () => {
    const svg = drawChart(chartOf('bars', [1, 2, 3], 2));
    expect(svg.match(/<rect class="series-0"[^>]*height="14"/g)).toHaveLength(3);
    expect(svg.match(/<line class="limit"/g)).toHaveLength(3);
    expect(svg).toContain('<text class="title" x="20" y="26">Fast &amp; &lt;slow&gt;</text>');
    expect(svg).toContain('row 0: bridge 1 ms; at most 2 ms.');
  });

  test('shows a dot for each value, and says where one is not known', () => {
    const svg = drawChart(chartOf('dots', [12, Number.NaN]));
    expect(svg.match(/<circle/g)).toHaveLength(2);
    expect(svg).toContain('>–</text>');
    expect(svg).not.toContain('NaN');
  });
});
