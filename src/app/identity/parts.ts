// What the two APIs of the identity port are put together from.
import type { Request } from 'express';
import type { Directory } from '../../identity/directories/directory.ts';
import type { Audit } from '../../identity/protection/audit.ts';
import type { KeyedHash } from '../../identity/protection/keyed-hash.ts';
import type { Parts } from '../parts.ts';

export interface IdentityParts extends Omit<Parts, 'metrics'> {
  /** All directories as one. */
  readonly directory: Directory;
  readonly keyedHash: KeyedHash;
  readonly audit: Audit;
  readonly callerAddress: (request: Request) => string;
}
