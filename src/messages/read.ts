// Reads a message with the first kind that can, and adds what it carries beside its content.
import type { Communication } from '../domain/fhir.ts';
import type { Aspect, RecordAddition } from './aspects/aspect.ts';
import type { FhirWrite, MatrixSend } from './effects.ts';
import type {
  FhirInput,
  Link,
  Links,
  MatrixContext,
  MatrixInput,
  MessageRef,
  ReadCommunication,
  ReadEvent,
  RegisteredKind,
} from './kind.ts';
import type { RecordContext } from './record.ts';

/** What messages can be. */
export interface MessageTypes {
  readonly kinds: readonly RegisteredKind[];
  readonly aspects: readonly Aspect[];
}

/** What has to be carried before a message can be. It never waits for itself. */
export function refsOf(
  { kinds, aspects }: MessageTypes,
  input: MatrixInput | FhirInput,
): readonly MessageRef[] {
  const refs = [
    ...kinds.flatMap((kind) => kind.refs(input)),
    ...aspects.flatMap(({ refs: ofAspect }) => ofAspect?.(input) ?? []),
  ];
  const own = 'event' in input ? input.event.event_id : `Communication/${input.communication.id ?? ''}`;
  return refs.filter((ref) => ref !== own);
}

/** Reads an event; undefined when it says nothing that people read. */
export function readEvent(
  { kinds, aspects }: MessageTypes,
  input: MatrixInput,
  known: Links,
): ReadEvent | undefined {
  const read = kinds.map((kind) => kind.readEvent(input, known)).find((found) => found !== undefined);
  if (read === undefined) return undefined;
  const add = (write: FhirWrite, context: RecordContext): FhirWrite =>
    write.kind === 'create'
      ? {
          ...write,
          communication: aspects
            .map((aspect) => aspect.toFhir(input, known, context))
            .reduce(withAddition, write.communication),
        }
      : write;
  return { ...read, toFhir: (context) => read.toFhir(context).map((write) => add(write, context)) };
}

/** Reads a Communication; undefined when it has no content, or only a change that is not carried. */
export function readCommunication(
  { kinds, aspects }: MessageTypes,
  input: FhirInput,
  carried: readonly Link[],
  known: Links,
): ReadCommunication | undefined {
  const read = kinds
    .map((kind) => kind.readCommunication(input, carried, known))
    .find((found) => found !== undefined);
  if (read === undefined) return undefined;
  const add = (send: MatrixSend, context: MatrixContext, part: number): MatrixSend =>
    send.kind === 'send' && send.target === undefined
      ? {
          ...send,
          content: aspects
            .map((aspect) => aspect.toMatrix(input, known, context, part))
            .reduce(merged, send.content),
        }
      : send;
  return {
    ...read,
    toMatrix: (context) => read.toMatrix(context).map((send, part) => add(send, context, part)),
  };
}

type Created = Communication & { readonly id: string };

function withAddition(communication: Created, { elements = {}, tags = [] }: RecordAddition): Created {
  const { inResponseTo = [], recipient = [] } = elements;
  const tag = [...(communication.meta?.tag ?? []), ...tags];
  return {
    ...communication,
    ...(tag.length > 0 && { meta: { ...communication.meta, tag: distinct(tag) } }),
    ...(inResponseTo.length > 0 && {
      inResponseTo: distinct([...(communication.inResponseTo ?? []), ...inResponseTo]),
    }),
    ...(recipient.length > 0 && { recipient: distinct([...(communication.recipient ?? []), ...recipient]) }),
  };
}

/** The values without repetitions. */
export function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

type Content = Readonly<Record<string, unknown>>;

/** Objects such as `m.relates_to` are merged; other values are replaced. */
function merged(content: Content, addition: Content): Content {
  const entries = Object.entries(addition).map(([key, value]): [string, unknown] => {
    const before = content[key];
    return [key, isObject(before) && isObject(value) ? { ...before, ...value } : value];
  });
  return { ...content, ...Object.fromEntries(entries) };
}

function isObject(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
