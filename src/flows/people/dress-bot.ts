// The bot as people see it: its name and picture, set where they differ.
import { BOT_DRAWING } from '../../mapping/pictures.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { uploadedPicture } from '../pictures.ts';

/**
 * Gives the bot its name and picture. What it has already is not set again: in every room that it is in, the homeserver makes
 * an event of a change. A refusal is logged: the bridge works under any name, and the next start tries again.
 */
export async function dressBot(
  bridge: Pick<Bridge, 'db' | 'homeserver' | 'log' | 'settings' | 'store'>,
  signal: AbortSignal,
): Promise<void> {
  const { homeserver, log, settings } = bridge;
  const { bot, botName, botAvatar } = settings;
  try {
    const { displayname, avatar_url: present } = await homeserver.profile(bot, signal);
    if (displayname !== botName) await homeserver.setDisplayName(bot, botName, signal);
    const picture = botAvatar ?? (await uploadedPicture(bridge, BOT_DRAWING, signal));
    if (present !== picture) await homeserver.setAvatar(bot, picture, signal);
  } catch (error) {
    if (!(error instanceof BridgeError) || signal.aborted) throw error;
    log.warn({ code: error.code, detail: error.message }, 'The bot could not be given its name and picture');
  }
}
