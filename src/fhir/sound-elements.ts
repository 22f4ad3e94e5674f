// Elements of another form than FHIR R4 gives them → left out, so that all that reads a resource can rely on its types.
import { SHAPES, type Shape } from './element-shapes.ts';

/**
 * Leaves out of resources what has not the form of its element: a text that is a list, a list with something else in it. What the
 * bridge does not read stays as it is, unless it is nested too deep. Servers that check what they store have none of it.
 * @param body the answer of a request, a resource or a Bundle, changed in place
 * @returns of which types resources had such elements, each once for every resource
 */
export function leaveOutUnsound(body: unknown): readonly string[] {
  if (!isObject(body)) return [];
  const { entry } = body;
  const resources = Array.isArray(entry)
    ? entry.map((each) => (isObject(each) ? each['resource'] : undefined))
    : [body];
  return resources.flatMap((resource) => (isObject(resource) ? unsoundIn(resource) : []));
}

function unsoundIn(resource: Record<string, unknown>): readonly string[] {
  const { resourceType } = resource;
  const shape = typeof resourceType === 'string' ? SHAPES.get(resourceType) : undefined;
  const faults = { count: cutOff(resource) };
  if (typeof resourceType !== 'string' || shape === undefined) return [];
  isSound(resource, shape, faults);
  return faults.count > 0 ? [resourceType] : [];
}

/** Values in values, at most: servers take some hundreds, and what walks through more of them runs out of stack. */
const MOST_LEVELS = 100;

/** Takes out what lies too deep. Without recursion, as it may lie at any depth. @returns how much that was */
function cutOff(resource: object): number {
  const open: { readonly value: object; readonly level: number }[] = [{ value: resource, level: 1 }];
  let count = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, level } = next;
    for (const [key, child] of Object.entries(value) as [string, unknown][]) {
      if (typeof child !== 'object' || child === null) continue;
      if (level < MOST_LEVELS) {
        open.push({ value: child, level: level + 1 });
        continue;
      }
      if (Array.isArray(value)) value.length = 0;
      else Reflect.deleteProperty(value, key);
      count += 1;
    }
  }
  return count;
}

/** Tells whether a value has a form; what is in it and has not its own form is taken out, and counted. */
function isSound(value: unknown, shape: Shape, faults: { count: number }): boolean {
  if (shape === 'text') return typeof value === 'string';
  if (shape === 'number') return Number.isFinite(value);
  if (shape === 'flag') return typeof value === 'boolean';
  if (isList(shape)) return Array.isArray(value) && keepSound(value, shape[0], faults);
  if (!isObject(value)) return false;
  for (const [element, own] of Object.entries(shape)) {
    if (!Object.hasOwn(value, element) || isSound(value[element], own, faults)) continue;
    Reflect.deleteProperty(value, element);
    faults.count += 1;
  }
  return true;
}

function keepSound(list: unknown[], shape: Shape, faults: { count: number }): true {
  const sound = list.filter((each) => isPlaceOfExtension(each, shape) || isSound(each, shape, faults));
  faults.count += list.length - sound.length;
  list.splice(0, list.length, ...sound);
  return true;
}

/** In a list of texts null stands where there is an extension alone: https://hl7.org/fhir/R4/json.html#primitive */
function isPlaceOfExtension(value: unknown, shape: Shape): boolean {
  return value === null && typeof shape === 'string';
}

const isList = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
