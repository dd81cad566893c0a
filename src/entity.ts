/** One value that Home Assistant shows of a source: a JSON path into result or state. */
export interface Entity {
  /** `[a-z0-9_]+`, unique in the pipeline. */
  readonly key: string;
  readonly platform: 'sensor' | 'binary_sensor' | 'event';
  readonly name: string;
  readonly from: 'result' | 'state' | 'event';
  /**
   * Template of Home Assistant for the value, as `{{ value_json.class }}`. Of a binary sensor it gives True or
   * False; of an event, JSON with `event_type`.
   */
  readonly template?: string;
  readonly deviceClass?: string;
  readonly unit?: string;
  readonly stateClass?: 'measurement' | 'total' | 'total_increasing';
  readonly icon?: string;
  /** Platform `event` only. */
  readonly eventTypes?: readonly string[];
}
