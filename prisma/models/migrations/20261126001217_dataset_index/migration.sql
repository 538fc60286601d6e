-- CreateIndex
CREATE INDEX "version_dataset_idx" ON "version" USING GIN ("dataset" jsonb_path_ops);
