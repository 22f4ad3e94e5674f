// What was read last of a type is looked for in each pass: a server that was not put back still has it.
import { canFollow, versionOf, type ResourceVersion } from '../domain/fhir.ts';
import type { StoredResource } from './server.ts';

/** The look-out of one pass. */
export interface WitnessWatch {
  /** These were shown: the witness may be among them. */
  readonly show: (resources: readonly StoredResource[]) => void;
  /**
   * These are to be stored. The witness is looked for before anything later is: if the pass failed then, the next one
   * would take that for what was read last.
   * @returns whether the server was put back: then they are not to be stored, the next pass reads them again
   */
  readonly beforeStoring: (resources: readonly StoredResource[]) => Promise<boolean>;
  /** Whether there is nothing to be looked for any more. */
  readonly isOver: () => boolean;
  /** The pass ends: a witness that no page showed is looked for. @returns whether the server was put back */
  readonly finish: () => Promise<boolean>;
}

/**
 * @param witness the version that was read or written last before the pass; undefined where there is none
 * @param find looks for it on the server, at most once. It returns whether the server was put back
 */
export function watchFor(
  witness: ResourceVersion | undefined,
  find: (witness: ResourceVersion) => Promise<boolean>,
): WitnessWatch {
  let open = witness;
  const finish = async (): Promise<boolean> => {
    const isPutBack = open !== undefined && (await find(open));
    open = undefined;
    return isPutBack;
  };
  return {
    show: (resources) => {
      if (resources.some((resource) => open !== undefined && isHeirOf(resource, open))) open = undefined;
    },
    beforeStoring: async (resources) =>
      resources.some((resource) => open !== undefined && isLater(resource, open)) && (await finish()),
    isOver: () => open === undefined,
    finish,
  };
}

function isHeirOf(resource: StoredResource, witness: ResourceVersion): boolean {
  const version = versionOf(resource);
  return version.reference === witness.reference && canFollow(version, witness);
}

function isLater(resource: StoredResource, witness: ResourceVersion): boolean {
  return Date.parse(resource.meta.lastUpdated) > Date.parse(witness.lastUpdated);
}
