-- CreateTable
CREATE TABLE "subject" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "state" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "subject_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "connection" (
    "id" TEXT NOT NULL,
    "instance" TEXT NOT NULL,
    "principal" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "project" TEXT NOT NULL,
    "field" TEXT NOT NULL,
    "subject" TEXT,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "delivered" INTEGER NOT NULL,
    "gaps" INTEGER NOT NULL,
    "behind" INTEGER NOT NULL,
    "behind_ms" INTEGER NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "connection_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "connection_instance_idx" ON "connection"("instance");
