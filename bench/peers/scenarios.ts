// The scenarios: what goes wrong while both sides talk, the same for both bridges.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Trouble } from '../../stack/http-link.ts';
import type { Landscape } from './landscape.ts';

/** A scenario. */
export interface Scenario {
  readonly name: string;
  readonly replicas: number;
  /** As in the traffic. */
  readonly editedBeforeNext: number;
  /** What happens meanwhile; the talk goes on until it is over. @param random draws when */
  readonly happen: (landscape: Landscape, random: () => number) => Promise<void>;
  /** What lasts as long as the talk. @param random draws which requests it meets */
  readonly disturb: (landscape: Landscape, random: () => number) => void;
}

const KILLS = 3;
const RESTARTS = 10;
/** Of the requests that something goes wrong with. */
const SHARE = 0.05;

export const SCENARIOS: readonly Scenario[] = [
  scenario('nothing goes wrong', {}),
  scenario('killed and started again 3 times', {
    async happen({ running }, random) {
      const [replica] = running.replicas;
      for (let kill = 0; kill < KILLS; kill += 1) {
        await sleep(1_000 + random() * 2_000);
        await replica?.service.kill();
        await replica?.service.start();
      }
    },
  }),
  scenario('5 % of the answers get lost', { disturb: onAllWays('answer lost') }),
  scenario('5 % are answered 502 in HTML', { disturb: onAllWays('status 502') }),
  scenario('5 % are answered 429', { disturb: onAllWays('status 429') }),
  scenario('transactions come again', {
    disturb({ transactions }, random) {
      transactions.trick(['replayed'], random);
    },
  }),
  scenario('half of the messages edited before the next', { editedBeforeNext: 0.5 }),
  scenario('10 rolling restarts of 2 processes', {
    replicas: 2,
    async happen({ running: { replicas }, allHealthy }) {
      for (let restart = 0; restart < RESTARTS; restart += 1) {
        const replica = replicas[restart % replicas.length];
        await replica?.service.stop();
        await replica?.service.start();
        await allHealthy();
      }
    },
  }),
];

function scenario(name: string, over: Partial<Scenario>): Scenario {
  return {
    ...{ name, replicas: 1, editedBeforeNext: 0 },
    happen: () => Promise.resolve(),
    disturb: () => undefined,
    ...over,
  };
}

function onAllWays(trouble: Trouble): Scenario['disturb'] {
  return ({ links, transactions }, random) => {
    for (const link of [...links, transactions]) link.disturb({ troubles: [trouble], share: SHARE, random });
  };
}
