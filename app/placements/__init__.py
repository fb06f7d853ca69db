"""From a referral to a bed: the snapshot, ranking runs, holds, offers and next placements."""
