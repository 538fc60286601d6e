-- AlterTable
ALTER TABLE "job" ADD COLUMN     "pause_at" INTEGER,
ADD COLUMN     "sweep_id" TEXT;

-- CreateTable
CREATE TABLE "sweep" (
    "id" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "status" "JobStatus" NOT NULL,
    "model_name" TEXT NOT NULL,
    "plan" JSONB NOT NULL,
    "shared" JSONB NOT NULL,
    "dataset_id" TEXT NOT NULL,
    "dataset_fingerprint" TEXT NOT NULL,
    "parallel" INTEGER NOT NULL,
    "best" INTEGER,
    "error_code" TEXT,
    "error_message" TEXT,
    "idempotency_key" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "sweep_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "trial" (
    "sweep_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "parameters" JSONB NOT NULL,
    "preset" TEXT,
    "config" JSONB NOT NULL,
    "job_id" TEXT,
    "rung" INTEGER NOT NULL DEFAULT 0,
    "losses" DOUBLE PRECISION[],
    "completion" JSONB,

    CONSTRAINT "trial_pkey" PRIMARY KEY ("sweep_id","number")
);

-- CreateIndex
CREATE INDEX "sweep_project_id_idx" ON "sweep"("project", "id");

-- CreateIndex
CREATE INDEX "sweep_dataset_id_idx" ON "sweep"("dataset_id");

-- CreateIndex
CREATE UNIQUE INDEX "sweep_project_idempotency_key_key" ON "sweep"("project", "idempotency_key");

-- CreateIndex
CREATE UNIQUE INDEX "trial_job_id_key" ON "trial"("job_id");

-- CreateIndex
CREATE INDEX "job_sweep_id_idx" ON "job"("sweep_id");

-- AddForeignKey
ALTER TABLE "sweep" ADD CONSTRAINT "sweep_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "trial" ADD CONSTRAINT "trial_sweep_id_fkey" FOREIGN KEY ("sweep_id") REFERENCES "sweep"("id") ON DELETE CASCADE ON UPDATE CASCADE;
