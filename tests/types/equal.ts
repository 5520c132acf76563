/** `true` if two types are the same, not merely assignable to each other. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

/** The same type, written out: `RowOf` is made of parts, which count as another type than the whole. */
export type Flat<T> = { [K in keyof T]: T[K] };

/** States what a type is: `same<A, B>(true)` compiles only if they are the same. */
export function same<A, B>(_answer: Equal<A, B>): void {}
