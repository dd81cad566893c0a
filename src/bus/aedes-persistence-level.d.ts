declare module 'aedes-persistence-level' {
  import type { ClassicLevel } from 'classic-level';

  /** The `persistence` that a broker is made with. */
  export default function levelPersistence(db: ClassicLevel): object;
}
