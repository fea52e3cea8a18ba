"""The Celery worker: takes jobs from the ledger and drives them through their stages."""
