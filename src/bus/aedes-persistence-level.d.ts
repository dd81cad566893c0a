declare module 'aedes-persistence-level' {
  import type { ClassicLevel } from 'classic-level';

  /** As much of it as is used by name. */
  export interface LevelPersistence {
    /** A client has taken a message: it is stored no longer. */
    outgoingClearMessageId(
      client: { readonly id: string; readonly clean: boolean },
      packet: { readonly cmd: string; readonly messageId?: number },
    ): Promise<unknown>;
    delWill(client: { readonly id: string }): Promise<unknown>;
  }

  /** The `persistence` that a broker is made with. */
  export default function levelPersistence(db: ClassicLevel): LevelPersistence;
}
