// The conversation is a header Communication, and its messages are `partOf` it, as in Medplum's messaging data model.
// https://github.com/medplum/medplum/blob/main/packages/docs/docs/communications/messaging-data-model.mdx
import { idOf, referenceTo } from '../../domain/ids.ts';
import type { ThreadProfile } from '../../domain/threads.ts';
import { referTo } from '../references.ts';
import { medplumHeader, threadOf } from './medplum-header.ts';
import { medplumReadState } from './medplum-read-state.ts';

export const medplumThreads: ThreadProfile = {
  threadOf,
  link: (thread) => ({ partOf: [referTo(referenceTo('Communication', idOf(thread)))] }),
  // A Communication without header is a letter, a call or a fax of which someone took a note.
  concerns: ({ partOf = [] }) => partOf.length > 0,
  // The last five are of the read state. A header is told from a note by its payload.
  elements: ['partOf', 'payload', 'extension', 'received', 'recipient', 'sender', 'status'],
  keepsDrafts: true,
  header: medplumHeader,
  readState: medplumReadState,
};
