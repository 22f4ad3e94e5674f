// Mutants of every request, event and resource through the whole bridge, a few of each: `npm run test:mutations` has thousands.
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { LENGTH, SEED } from '../builders/random.ts';
import { checkPipeline } from '../faults/mutations/check-pipeline.ts';
import { checkRoute } from '../faults/mutations/check-route.ts';
import { requestExamples } from '../faults/mutations/examples/requests.ts';
import { toldFinding, type Finding } from '../faults/mutations/finding.ts';
import { PIPELINE_EXAMPLES } from '../faults/mutations/mutants.ts';
import { buildScene, SMALL } from '../faults/mutations/scene.ts';
import { startWorld, type World } from '../faults/mutations/world.ts';

const REQUESTS = 20 * LENGTH;
const OF_EACH_KIND = 2 * LENGTH;

let world: World;
beforeAll(async () => {
  world = await startWorld(inject('adminUrl'));
});
afterAll(() => world.stop());

test('every route has an example, and no mutant of it gets in, an error of the bridge, or data of others', async () => {
  const findings: string[] = [];
  for (const example of await requestExamples(world)) {
    const outcome = await checkRoute(world, example, { seed: SEED, each: REQUESTS });
    findings.push(...outcome.findings.map(toldFinding));
  }
  expect(findings).toEqual([]);
});

test('no mutant of an event or a resource stops the bridge, or has it say what nobody may read', async () => {
  const scene = await buildScene(world, () => true, SMALL);
  const drawing = { seed: SEED, each: OF_EACH_KIND };
  // What is found is made smaller, which may take longer than the test.
  const tell = (finding: Finding): boolean => process.stderr.write(`${toldFinding(finding)}\n`);
  const findings = await checkPipeline(world, scene, PIPELINE_EXAMPLES, drawing, tell);
  expect(findings.map(toldFinding)).toEqual([]);
});
