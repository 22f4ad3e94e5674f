// Before anything is measured: one message each way by the bridge, of which the script learns, and then many by the script.
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../../stack/wait.ts';
import { openBareLine } from './bare-line.ts';
import { drainByScript } from './backlog.ts';
import type { Ground } from './ground.ts';
import type { Templates } from './like-the-bridge.ts';
import type { Line } from './line.ts';
import { untilQuiet } from './quiet.ts';
import { makeMessages, tokenIn } from './said.ts';
import { openSink } from './sink.ts';
import { createTalk } from './talk.ts';

/** As many as HAPI's code needs to be compiled. */
const MESSAGES = 400;
const PATIENCE = { timeoutMs: 120_000, everyMs: 500 };

/** Stops the bridge, and opens and warms the line without it. */
export async function warmUp(ground: Ground): Promise<Line> {
  const templates = await learn(ground);
  await untilQuiet(ground);
  await ground.bridge.service.stop();
  const closeSink = await openSink(ground.stack.appservice.port);
  try {
    const line = await openBareLine(ground, templates);
    await drainByScript(ground, line, 'matrix-to-fhir', MESSAGES);
    await drainByScript(ground, line, 'fhir-to-matrix', MESSAGES / 4);
    await sleep(1_000);
    return line;
  } finally {
    await closeSink();
  }
}

/** Has the bridge carry one message each way. */
async function learn(ground: Ground): Promise<Templates> {
  const run = ground.nextRun();
  const since = Date.now();
  const { say } = createTalk(ground, ground.bridged);
  for (const direction of ['matrix-to-fhir', 'fhir-to-matrix'] as const)
    for (const message of makeMessages(run, direction, 1, 1)) await say(message);
  const roomIds = ground.bridged.places.map(({ roomId }) => roomId);
  const record = await waitUntil(
    async () => {
      const found = await ground.records.since(since);
      return found.find(({ text }) => tokenIn(text, run, 'matrix-to-fhir') !== undefined)?.resource;
    },
    { ...PATIENCE, what: 'the bridge has written a record' },
  );
  const content = await waitUntil(
    async () => {
      const found = await ground.roomMessages.since(since, roomIds);
      return found.find((message) => tokenIn(message.content['body'], run, 'fhir-to-matrix') !== undefined)
        ?.content;
    },
    { ...PATIENCE, what: 'the bridge has sent a message' },
  );
  return { record, content };
}
