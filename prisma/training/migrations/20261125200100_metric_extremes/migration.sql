-- AlterTable
ALTER TABLE "metric_chunk" ADD COLUMN     "extremes" BYTEA;

-- A chunk has the number of its first 64 steps, no longer of 512; by way of numbers that no chunk has.
UPDATE "metric_chunk" SET "number" = -1 - "number" * 8;
UPDATE "metric_chunk" SET "number" = -1 - "number";
