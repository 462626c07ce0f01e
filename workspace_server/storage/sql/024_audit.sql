-- The audit log says by which token, from where and in which request something was done.

ALTER TABLE audit ADD COLUMN token   TEXT;    -- the public id of the token by which the name was proven
ALTER TABLE audit ADD COLUMN address TEXT;    -- of the network, or `local`
ALTER TABLE audit ADD COLUMN call_id TEXT;    -- by what the server's own log calls the request
