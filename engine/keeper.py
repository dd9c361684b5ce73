"""Which snapshots are read and written: what the cache lacks, and what others may need."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.kvcache import KvCache, KvSequence
from engine.prefix import shared_tokens
from engine.snapshots import Snapshot, SnapshotStore


class SnapshotKeeper:
    """Stands between a cache and the snapshots on disk."""

    def __init__(
        self, store: SnapshotStore, cache: KvCache, spelling: Callable[[int], bytes]
    ) -> None:
        """Nothing is read yet.

        Args:
            store: The snapshots of this set-up.
            cache: What they are brought into and made from.
            spelling: A token's bytes, see `engine.prefix.agreement`.
        """
        self._store = store
        self._cache = cache
        self._spelling = spelling
        self._unsaved: tuple[KvSequence, Callable[[Sequence[int]], int]] | None = None
        self._saved: Snapshot | None = None
        """The last one that was restored or written."""

    def recall(self, prompt: Sequence[int]) -> None:
        """Bring a snapshot into the cache, where one holds more of the prompt than the cache."""
        snapshot = self._store.find(
            prompt[:-1],
            self._spelling,
            better_than=self._cache.known(prompt),
            whole_only=not self._cache.can_cut,
        )
        state = self._store.load(snapshot) if snapshot else None
        if snapshot is None or state is None:
            return
        if self._cache.restore(snapshot.tokens, state):
            self._saved = snapshot
        else:
            self._store.forget(snapshot)

    def note(self, sequence: KvSequence, stable_length: Callable[[Sequence[int]], int]) -> None:
        """An answer has ended, and is worth a snapshot.

        Args:
            sequence: Holds it.
            stable_length: How many of its tokens other conversations begin with.
        """
        self._unsaved = sequence, stable_length

    @property
    def has_unsaved(self) -> bool:
        """Whether `save` has something to do."""
        return self._unsaved is not None

    def save(self) -> None:
        """Write snapshots of the last answer's sequence, and of the part that others share."""
        if self._unsaved is None:
            return
        (sequence, stable_length), self._unsaved = self._unsaved, None
        if not self._cache.holds(sequence):
            return
        stable = stable_length(sequence.tokens)
        self._save(sequence, stable)
        before = self._saved
        saved = self._save(sequence, len(sequence.tokens))
        if saved is None or len(saved.tokens) == stable:
            return
        self._saved = saved
        if before is not None and self._is_outdated(before, saved, stable):
            self._store.forget(before)

    def _save(self, sequence: KvSequence, length: int) -> Snapshot | None:
        tokens = sequence.tokens[:length]
        if self._store.has(tokens):
            return None
        state = self._cache.state(sequence, length)
        return self._store.save(tokens, state) if state else None

    def _is_outdated(self, before: Snapshot, now: Snapshot, stable: int) -> bool:
        """Whether all of a snapshot is in a newer one, and no other conversation begins with it."""
        if not self._cache.can_cut or len(before.tokens) <= stable:
            return False
        return shared_tokens(before.tokens, now.tokens) == len(before.tokens)
