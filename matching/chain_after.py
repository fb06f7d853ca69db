"""What may soon be found after the stays of a chain that are given, to measure the search of all chains by."""

from matching.chain_search import MOST_STAYS, Search, Trail, blocks_of
from matching.doors import Slept


class SearchAfter(Search):
    """The search for the best chain that begins with a stay that is given."""

    def one_more(self) -> bool:
        """Look for one stay more that covers all nights after those that are given; whether that is the best."""
        trail, start, stop = self.root, self.root.end, self.doors.stop
        been = {slept.facility for slept in trail.stays}
        could = [house for reach, house in self.open_on(start) if reach == stop and house.id not in been]
        payers = [(self.doors.runs(house, start, trail.stays), house) for house in could]
        alone = {house.id for runs, house in payers if any(run.run_end(start, stop) == stop for run in runs)}
        for runs, house in sorted(payers, key=lambda row: row[1].id not in alone):
            # By one payer, and not of last resort: with more payers none is better.
            least = (self.best.last_resort, self.best.blocks) == (trail.last_resort, trail.blocks + 1)
            if least and house.id not in alone:
                break
            for blocks in self._best_to(runs, start, stop):
                found = self._with(trail, Slept(house.id, start, stop, blocks), trail.uncovered)
                if found.before(self.best):
                    self.best = found
        return self.sure and self.best.end == self.best.stays[-1].until

    def go_on(self, most_looks: int) -> None:
        """Go on stay after stay, each time with the one that lasts longest: soon found, to be measured by."""
        trail: Trail | None = self.root
        while trail is not None and trail.end < self.doors.stop:
            closed = self._closed(trail)
            if closed.before(self.best):
                self.best = closed
            trail = self._longest(trail, most_looks) if len(trail.stays) < MOST_STAYS else None
        if trail is not None and trail.before(self.best):
            self.best = trail

    def _longest(self, trail: Trail, most_looks: int) -> Trail | None:
        """The beginning with one stay more, on the first night on which one can begin; none after so many looks."""
        been = {slept.facility for slept in trail.stays}
        for night in range(trail.end, self.doors.stop):
            if self.doors.looks > most_looks:
                return None
            best: Slept | None = None
            for reach, house in self.open_on(night):
                if house.id in been or (best is not None and reach <= best.until):
                    continue
                runs, stop = self.doors.runs(house, night, trail.stays), min(reach, self.doors.stop)
                found = self.doors.cover(runs, night, stop)
                if found.end > max(night, best.until if best else night):
                    best = Slept(house.id, night, found.end, blocks_of(found.payers))
            if best is not None:
                return self._with(trail, best, (*trail.uncovered, *(-one for one in range(trail.end, night))))
        return None
