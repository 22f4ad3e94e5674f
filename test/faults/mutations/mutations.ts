// `npm run test:mutations`: mutants of every request, event and resource through the whole bridge; says what should not have come of them.
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startGuard } from '../../../stack/guard.ts';
import { startPostgres } from '../../../stack/postgres.ts';
import { createRunFolder } from '../../../stack/run-folder.ts';
import { checkPipeline } from './check-pipeline.ts';
import { checkRoute } from './check-route.ts';
import { requestExamples } from './examples/requests.ts';
import { toldFinding, type Finding } from './finding.ts';
import { labelOf, PIPELINE_EXAMPLES } from './mutants.ts';
import { buildScene, LARGE } from './scene.ts';
import { startWorld, type World } from './world.ts';

const optionsSchema = z.object({
  each: z.coerce.number().int().positive().default(10_000),
  seed: z.coerce.number().int().nonnegative().default(1),
  /** Routes and kinds whose names have this in them. */
  only: z.string().default(''),
  at: z.coerce.number().int().nonnegative().optional(),
});
const string = { type: 'string' } as const;
const { values } = parseArgs({ options: { each: string, seed: string, only: string, at: string } });
const options = optionsSchema.parse(values);

const guard = await startGuard();
try {
  const { path, logs } = await createRunFolder(guard, false);
  const databaseUrl = process.env['DATABASE_URL'];
  const { adminUrl } = await startPostgres({
    guard,
    folder: path,
    logFolder: logs,
    databaseUrl,
    fsync: false,
  });
  const world = await startWorld(adminUrl);
  const findings = [...(await checkRoutes(world)), ...(await checkKinds(world))];
  say(`${findings.length} findings`);
  process.exitCode = findings.length === 0 ? 0 : 1;
  await world.stop();
} finally {
  await guard.end();
}

async function checkRoutes(world: World): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const example of await requestExamples(world)) {
    if (!example.route.includes(options.only)) continue;
    const outcome = await checkRoute(world, example, options);
    const statuses = [...outcome.statuses].sort().map(([status, count]) => `${status}: ${count}`);
    say(`${example.route}: ${outcome.sent} sent, ${statuses.join(', ')}`);
    for (const finding of outcome.findings) say(toldFinding(finding));
    findings.push(...outcome.findings);
  }
  return findings;
}

async function checkKinds(world: World): Promise<readonly Finding[]> {
  const examples = PIPELINE_EXAMPLES.filter((example) => labelOf(example).includes(options.only));
  if (examples.length === 0) return [];
  const used = new Set(examples);
  const scene = await buildScene(world, (example) => used.has(example), LARGE);
  const findings = await checkPipeline(world, scene, examples, options, (finding) => {
    say(toldFinding(finding));
  });
  say(`${examples.length} kinds, ${options.each} of each`);
  return findings;
}

function say(line: string): void {
  process.stdout.write(`[mutations] ${line}\n`);
}
