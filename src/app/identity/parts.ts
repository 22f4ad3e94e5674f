// What the two APIs of the identity port are put together from.
import type { Request } from 'express';
import type { Pool } from 'pg';
import type { Config } from '../../config/schema.ts';
import type { Clock, Sleep } from '../../domain/clock.ts';
import type { Directory } from '../../identity/directories/directory.ts';
import type { Audit } from '../../identity/protection/audit.ts';
import type { KeyedHash } from '../../identity/protection/keyed-hash.ts';
import type { Log } from '../../telemetry/log.ts';

export interface IdentityParts {
  readonly config: Config;
  readonly pool: Pool;
  /** All directories as one. */
  readonly directory: Directory;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly keyedHash: KeyedHash;
  readonly audit: Audit;
  readonly callerAddress: (request: Request) => string;
}
