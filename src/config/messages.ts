// The section `messages` of the configuration: how messages are recorded and shown.
import { z } from 'zod';
import { LANGUAGES } from '../domain/language.ts';
import { flag, seconds } from './fields.ts';

/** The section. */
export const messages = z.strictObject({
  language: z.enum(LANGUAGES).default('nl').meta({
    description: 'Language in which the bridge speaks to people in rooms and records: Dutch or English.',
  }),
  sendStatus: flag(
    'Whether com.beeper.message_send_status tells clients which messages could not be recorded, and which were later.',
    true,
  ),
  edits: z.enum(['new-version', 'retract-and-correct']).default('new-version').meta({
    description:
      'What an edited message becomes: a new version of its record, or a record in error and a new one that answers it.',
  }),
  retractedText: z.enum(['removed', 'kept']).default('removed').meta({
    description: 'What becomes of the text of a record whose message was retracted; its history keeps it.',
  }),
  retractionReason: z.enum(['off', 'provenance']).default('off').meta({
    description:
      'What becomes of the reason that a user gives for a redaction: nothing, or a Provenance of the version of the record that it made.',
  }),
  reactions: z.enum(['off', 'note']).default('off').meta({
    description: 'Whether a reaction becomes a note on the record of its message.',
  }),
  threads: z.enum(['off', 'on']).default('off').meta({
    description: 'Whether an answer from FHIR opens a thread in the room; it is a reply otherwise.',
  }),
  mentionRecipients: flag(
    'Whether the recipients of a Communication are mentioned in the room. Leave it off where the platform names everyone.',
    false,
  ),
  platformName: z.string().min(1).max(80).default('Zorgplatform').meta({
    description: 'Who speaks in a room where a Communication names no sender.',
  }),
  formattedText: z.enum(['plain', 'html-attachment']).default('plain').meta({
    description:
      'How the record holds a formatted text: its words alone, with marks where the formatting has a meaning, or its HTML as an attachment beside them.',
  }),
  waitForTargetSeconds: seconds(
    'How long a reply, an edit or a reaction waits for the message it refers to, before it goes on without.',
    60,
  ),
});
