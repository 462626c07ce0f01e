-- By what somebody had something opened that lasts: it may tell no more than that allows.

ALTER TABLE subscriptions ADD COLUMN token TEXT;  -- the public id of the token that it was last refreshed by; NULL: none
ALTER TABLE triggers ADD COLUMN by_operator INTEGER NOT NULL DEFAULT 0;  -- 1: its maker had `admin` for everything
