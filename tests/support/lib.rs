//! What the tests share. Each test binary opens at most one device, through here.
