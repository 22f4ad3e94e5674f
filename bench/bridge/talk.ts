// Says a message as the one does who writes it: the user in the room, the platform on the FHIR server.
import type { Said } from '../judge.ts';
import type { Ground } from './ground.ts';
import { communicationIn, placeOf, type Line } from './line.ts';
import type { Say } from './pace.ts';
import { saidAt } from './said.ts';

/** One who talks. */
export interface Talk {
  readonly say: Say;
  /** What was said so far. */
  readonly said: readonly Said[];
}

/** Creates it. Each message is noted when its server has answered; where there is no bridge, it is then carried across. */
export function createTalk({ user, platform }: Pick<Ground, 'user' | 'platform'>, line: Line): Talk {
  const said: Said[] = [];
  return {
    said,
    say: async (message) => {
      const place = placeOf(line, message);
      if (message.direction === 'matrix-to-fhir')
        await user.send(place.roomId, 'm.room.message', { msgtype: 'm.text', body: message.text });
      else await platform.post(communicationIn(place, message.text));
      said.push(saidAt(message, Date.now()));
      await line.carry?.(message);
    },
  };
}
