// Whether people are still heard on both sides, in every conversation, after all that mutants have done.
import { EVENT_ID_SYSTEM } from '../../../src/domain/fhir.ts';
import { waitUntilIdle } from './idle.ts';
import { mark, PATIENCE_MS } from './play-round.ts';
import type { Scene } from './scene.ts';
import type { World } from './world.ts';

let asked = 0;

/** Has both sides say something everywhere. @returns where it did not arrive */
export async function silentIn(world: World, { conversations, nurse }: Scene): Promise<readonly string[]> {
  asked += 1;
  const { store } = world.fhir;
  const said = new Map<string, string>();
  for (const [id, roomId] of conversations) {
    said.set(id, await nurse.say(roomId, 'Is anybody there?'));
    store.put('Communication', `alive-${asked}-${id}`, {
      ...{ status: 'completed', partOf: [{ reference: `CommunicationRequest/${id}` }] },
      ...{ sender: { reference: 'RelatedPerson/daughter' }, sent: new Date().toISOString() },
      payload: [{ contentString: `Here I am, for the time ${asked}` }],
    });
  }
  const stuck = await waitUntilIdle(world, await mark(world), PATIENCE_MS);
  const silent: string[] = [];
  for (const [id, roomId] of conversations) {
    const query = new URLSearchParams({ identifier: `${EVENT_ID_SYSTEM}|${said.get(id) ?? ''}` });
    if (store.search('Communication', query).length === 0)
      silent.push(`what is said in ${id} is not recorded`);
    const heard = await nurse.hear(roomId);
    if (!heard.some((text) => text.includes(`for the time ${asked}`)))
      silent.push(`what a platform writes for ${id} is not said`);
  }
  return [...stuck.map((what) => `stuck at the end: ${what}`), ...silent];
}
