-- CreateTable
CREATE TABLE "job_log" (
    "job_id" TEXT NOT NULL,
    "lines" INTEGER NOT NULL,
    "characters" INTEGER NOT NULL,
    "dropped" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "taken" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "job_log_pkey" PRIMARY KEY ("job_id")
);

-- CreateTable
CREATE TABLE "log_chunk" (
    "job_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "lines" JSONB NOT NULL,

    CONSTRAINT "log_chunk_pkey" PRIMARY KEY ("job_id","number")
);

-- AddForeignKey
ALTER TABLE "job_log" ADD CONSTRAINT "job_log_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "log_chunk" ADD CONSTRAINT "log_chunk_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job_log"("job_id") ON DELETE CASCADE ON UPDATE CASCADE;
