import { describe, expect, it } from 'vitest';
import { Attendance } from '../../../src/pipelines/people/attendance.ts';
import { Identity } from '../../../src/pipelines/people/identity.ts';
import { bestMatch } from '../../../src/pipelines/people/match.ts';

const anna = { name: 'Anna', embeddings: [Float32Array.of(1, 0, 0)] };
const ben = { name: 'Ben', embeddings: [Float32Array.of(0, 1, 0)] };
const limits = { match: 0.8, margin: 0.1, minFaces: 2 };

describe('Identity', () => {
  it('tells no face, not yet sure, a member, and a stranger', () => {
    const identity = new Identity();
    expect(identity.judge([anna, ben], limits)).toEqual({ is: 'no face' });
    identity.add(Float32Array.of(0.95, 0, 0.312), 1);
    expect(identity.judge([anna, ben], limits)).toMatchObject({ is: 'unsure' });
    identity.add(Float32Array.of(0.95, 0, -0.312), 1);
    expect(identity.judge([anna, ben], limits)).toMatchObject({ is: 'member', name: 'Anna' });
    expect(identity.judge([ben], limits)).toMatchObject({ is: 'unknown' });
    expect(identity.judge([], limits)).toEqual({ is: 'unknown' });
  });

  it('names nobody who might as well be somebody else', () => {
    const identity = new Identity();
    const between = Float32Array.of(Math.SQRT1_2, Math.SQRT1_2, 0);
    identity.add(between, 1);
    identity.add(between, 1);
    expect(identity.judge([anna, ben], { ...limits, match: 0.5 })).toMatchObject({ is: 'unknown' });
  });

  it('fuses faces, good ones more', () => {
    const identity = new Identity();
    identity.add(Float32Array.of(1, 0, 0), 0.9);
    identity.add(Float32Array.of(0, 1, 0), 0.1);
    expect(identity.judge([anna, ben], limits)).toMatchObject({ is: 'member', name: 'Anna' });
  });
});

describe('bestMatch', () => {
  it('goes by the two pictures that are most alike', () => {
    const many = {
      name: 'Cleo',
      embeddings: [Float32Array.of(1, 0), Float32Array.of(0.6, 0.8), Float32Array.of(0, 1)],
    };
    const face = Float32Array.of(1, 0);
    expect(bestMatch(face, [many])).toMatchObject({ similarity: expect.closeTo(0.8) });
    expect(bestMatch(face, [{ name: 'Dora', embeddings: [] }])).toBeUndefined();
  });
});

describe('Attendance', () => {
  it('lets a member go after the off-delay though the clock was set back', () => {
    const attendance = new Attendance(30_000);
    const t = Date.UTC(2026, 0, 1, 12);
    attendance.note([{ is: 'member', name: 'Anna', similarity: 0.9, margin: 0.5 }], t);
    for (const seconds of [0, 20, 40]) attendance.note([], t - 86_400_000 + seconds * 1000);
    expect(attendance.state(['Anna'])).toEqual({
      Anna: { present: false, lastSeen: '2026-01-01T12:00:00.000Z' },
    });
  });

  it('holds a member for the off-delay and tells when each was last seen', () => {
    const attendance = new Attendance(30_000);
    const t = Date.UTC(2026, 0, 1, 12, 0, 30);
    attendance.note([{ is: 'member', name: 'Anna', similarity: 0.9, margin: 0.5 }], t);
    expect(attendance.state(['Anna', 'Ben'])).toEqual({
      Anna: { present: true, lastSeen: '2026-01-01T12:00:00.000Z' },
      Ben: { present: false, lastSeen: null },
    });
    attendance.note([], t + 31_000);
    expect(attendance.state(['Anna'])).toEqual({
      Anna: { present: false, lastSeen: '2026-01-01T12:00:30.000Z' },
    });
  });
});
