// The thread profiles by name. To add one: a file in this folder, its name in `domain/threads.ts`, and a line here.
import type { ThreadProfile, ThreadProfileName } from '../../domain/threads.ts';
import { medplumThreads } from './medplum.ts';
import { ozoThreads } from './ozo.ts';

export const THREAD_PROFILES: Readonly<Record<ThreadProfileName, ThreadProfile>> = {
  ozo: ozoThreads,
  medplum: medplumThreads,
};
