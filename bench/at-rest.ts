// What encryption at rest costs: a payload by itself, and the whole log with and without it, in turns, median of three.
import { createPayloadCodec } from '../src/at-rest/payload-codec.ts';
import type { PayloadRow } from '../src/domain/stored-payload.ts';
import { startGuard } from '../stack/guard.ts';
import { startPostgres } from '../stack/postgres.ts';
import { createRunFolder } from '../stack/run-folder.ts';
import { throughput } from './inbox/measures.ts';
import { median, type BenchResult } from './result.ts';

const rounds = 3;
const row: PayloadRow = ['item', 'bench', '$event'];
const payloads = createPayloadCodec([{ id: 'bench', key: Buffer.alloc(32, 7).toString('base64') }]);
const plain = createPayloadCodec([]);

/**
 * Microseconds of processor time to write and read a payload of so many characters, as the log does it. Time by the clock would
 * also count what else the machine does.
 */
function microseconds(codec: typeof payloads, length: number): number {
  const payload = { kind: 'matrix.event', event: { content: { body: 'x'.repeat(length) } } };
  const count = 5_000;
  const begun = process.cpuUsage();
  for (let n = 0; n < count; n += 1) codec.decode(row, JSON.parse(codec.encode(row, payload)));
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / count;
}

/** Starts a PostgreSQL of its own and measures on it. */
export async function bench(say: (line: string) => void): Promise<BenchResult> {
  const guard = await startGuard();
  try {
    const folder = await createRunFolder(guard, false);
    const postgres = await startPostgres({ guard, folder: folder.path, logFolder: folder.logs });
    const perSecond = { ours: [] as number[], oursEncrypted: [] as number[] };
    const problems: string[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      for (const contender of ['ours', 'oursEncrypted'] as const) {
        const database = await postgres.createDatabase(`${contender.toLowerCase()}_${round}`);
        const measured = await throughput(contender, database.url, (round - 0.5) / rounds);
        await database.drop();
        problems.push(...measured.problems.map((problem) => `${contender}: ${problem}`));
        const value = measured.figures['items_per_second'] ?? Number.NaN;
        say(`${contender.padEnd(14)} ${value.toFixed(0)} items/s`);
        perSecond[contender].push(value);
      }
    }
    return summarise(perSecond.ours, perSecond.oursEncrypted, problems);
  } finally {
    await guard.end();
  }
}

function summarise(
  asItIs: readonly number[],
  encrypted: readonly number[],
  problems: readonly string[],
): BenchResult {
  const unit = 'µs/item';
  const sizes = { message: 200, largest: 60_000 };
  for (const length of Object.values(sizes)) microseconds(payloads, length); // until it is compiled
  return {
    figures: {
      plain_message: { value: microseconds(plain, sizes.message), unit },
      encrypted_message: { value: microseconds(payloads, sizes.message), unit },
      plain_largest: { value: microseconds(plain, sizes.largest), unit },
      encrypted_largest: { value: microseconds(payloads, sizes.largest), unit },
      items_per_second_plain: { value: median(asItIs), unit: 'items/s' },
      items_per_second_encrypted: { value: median(encrypted), unit: 'items/s' },
    },
    // Of what was measured one right after the other: the machine may have been busy in between.
    ratios: {
      items_per_second_vs_plain: median(
        encrypted.map((value, round) => value / (asItIs[round] ?? Number.NaN)),
      ),
    },
    problems,
  };
}
