// The figures of the two bridges side by side.
import { percentile, type BenchResult, type Figure } from '../result.ts';
import type { Contender } from './contender.ts';
import type { Outcome } from './play.ts';

/** How a bridge did in a scenario, with all seeds. */
export interface Measured {
  readonly scenario: string;
  readonly contender: Contender['name'];
  readonly sum: Sum;
}

/** What is counted. */
type Sum = Readonly<Record<Column, number>>;
type Column = (typeof COLUMNS)[number];

const WRONG = ['lost', 'doubled', 'out of order', 'altered'] as const;
const COLUMNS = [
  'sent',
  'arrived',
  ...WRONG,
  'failed tx',
  'p50 ms',
  'p99 ms',
  'cpu ms',
  'db cpu ms',
] as const;

/** Adds the outcomes of all seeds. Times of the processor are per message. */
export function sumOf(outcomes: readonly Outcome[]): Sum {
  const total = (count: (outcome: Outcome) => number): number =>
    outcomes.reduce((sum, outcome) => sum + count(outcome), 0);
  const sent = total(({ verdict }) => verdict.sent);
  const latencies = outcomes.flatMap(({ verdict }) => verdict.latenciesMs);
  return {
    sent,
    arrived: total(({ verdict }) => verdict.arrived),
    lost: total(({ verdict }) => verdict.lost),
    doubled: total(({ verdict }) => verdict.doubled),
    'out of order': total(({ verdict }) => verdict.outOfOrder),
    altered: total(({ verdict }) => verdict.altered),
    'failed tx': total(({ failedTransactions }) => failedTransactions),
    'p50 ms': percentile(latencies, 50),
    'p99 ms': percentile(latencies, 99),
    'cpu ms': total(({ processorMs }) => processorMs.own) / sent,
    'db cpu ms': total(({ processorMs }) => processorMs.database) / sent,
  };
}

/** The names of the columns. */
export function heading(): string {
  return line('', '', COLUMNS);
}

/** One line. */
export function row({ scenario, contender, sum }: Measured): string {
  return line(
    scenario,
    contender,
    COLUMNS.map((column) => sum[column].toFixed(column.includes('cpu') ? 1 : 0)),
  );
}

function line(scenario: string, contender: string, cells: readonly string[]): string {
  return [scenario.padEnd(44), contender.padEnd(6), ...cells.map((cell) => cell.padStart(13))].join('');
}

/** What the benchmark hands back. Anything that goes wrong with a message in our bridge is a problem. */
export function resultOf(measured: readonly Measured[]): BenchResult {
  const figures: Record<string, Figure> = {};
  const problems: string[] = [];
  for (const { scenario, contender, sum } of measured) {
    for (const column of COLUMNS) {
      const unit = column.endsWith(' ms') ? 'ms' : column === 'failed tx' ? 'requests' : 'messages';
      figures[`${keyOf(scenario)}_${keyOf(column)}_${contender}`] = { value: sum[column], unit };
    }
    const wrong = contender === 'ours' ? WRONG.filter((column) => sum[column] > 0) : [];
    problems.push(...wrong.map((column) => `ours, ${scenario}: ${sum[column]} ${column}`));
    if (contender === 'ours' && scenario.includes('rolling') && sum['failed tx'] > 0)
      problems.push(`ours, ${scenario}: ${sum['failed tx']} transaction requests failed`);
  }
  return { figures, ratios: {}, problems };
}

function keyOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
}
