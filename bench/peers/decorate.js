/**
 * Applies decorators without a compiler: to a class, or to a method and its parameters.
 * @param {readonly any[]} decorators
 * @param {any} target       a class, or its prototype
 * @param {string} [name]    of a method or property
 * @param {readonly any[]} [parameters]  one for each
 */
export function decorate(decorators, target, name, parameters = []) {
  parameters.forEach((decorator, index) => decorator(target, name, index));
  const descriptor = name === undefined ? undefined : Object.getOwnPropertyDescriptor(target, name);
  decorators.forEach((decorator) => decorator(target, name, descriptor));
}
