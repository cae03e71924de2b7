"""The arbitration over a milestone: its fee and who bears it, the awards that may be given, and who won."""

from __future__ import annotations

from math import lcm

from escrowkit.machines import arbitration
from escrowkit.machines.dispute import Dispute
from escrowkit.money import Money
from escrowkit.pot.claims import Claims
from escrowkit.roles import Role


class Rulings(Claims):
    """The fee, the menu of awards, who won and who bears what."""

    __slots__ = ()

    @property
    def party_ids(self) -> frozenset[str]:
        """The ids of the parties, and their roles: none of them can be a neutral."""
        parties = self.agreement.parties
        return frozenset({parties["payer"], parties["payee"], "payer", "payee"})

    @property
    def fee_shares(self) -> dict[str, Money]:
        """What each must pay in for an arbitration over this stake."""
        model = self.rules["arbitration.fee.model"]
        if model == "rate":
            fee = self.rules.arbitration_fee(self.currency).of(self.stake)
            return {"payer": fee, "payee": fee}
        if model not in ("shares", "external"):
            return {}
        shares = {
            n: self.rules.amount(f"arbitration.fee.shares.{n}", self.currency) for n in ("payer", "payee", "platform")
        }
        return {name: share for name, share in shares.items() if share}

    @property
    def pot_fee(self) -> Money:
        """The arbitration fee that is taken out of the pot."""
        if self.rules["arbitration.fee.model"] != "from_pot":
            return self.zero
        return min(self.rules.arbitration_fee(self.currency).of(self.stake), self.held)

    @property
    def award_menu(self) -> frozenset[Money] | None:
        """The awards that the rulebook allows; None if any."""
        menu, it = self.rules["arbitration.award.menu"], self._open_case
        most = it.stake - self.pot_fee
        if menu == "all_or_nothing":
            return frozenset({self.zero, most})
        if menu == "any":
            return None
        last = {
            side: next((o.to_payee for o in reversed(it.offers) if o.by == side), None) for side in ("payer", "payee")
        }
        sums = (self.gives_claim(Role(side)) if sum_ is None else sum_ for side, sum_ in last.items())
        return frozenset(min(sum_, most) for sum_ in sums)

    @property
    def ended_by_time(self) -> bool:
        """Whether the dispute reached the end of its longest life, or its money of the longest time to be held."""
        return self._open_case.code in ("dispute_lapsed", "hold_limit_reached")

    @property
    def fee_weights(self) -> dict[str, int]:
        """How the arbitrator's fee is borne, after a ruling."""
        borne, it, case = self.rules["arbitration.fee.borne"], self._open_case, self.arbitration
        to_payee = self._given
        if case is not None and borne == "each":
            return arbitration.share_weights(case)
        if case is not None and case.state is arbitration.S.REFUSED:
            return self._refusal_weights(it.stake, to_payee)
        lost = self._lost(it, to_payee)
        if borne == "loser" and lost["payer"] != lost["payee"]:
            return {max(lost, key=lambda side: lost[side]): 1}
        return lost if any(lost.values()) and borne == "by_share_lost" else {"payer": 1, "payee": 1}

    @property
    def _given(self) -> Money:
        """What the dispute gave the payee; all of the stake, where nothing was said."""
        it = self._open_case
        return it.to_payee if it.to_payee is not None else it.stake

    @property
    def winner(self) -> str | None:
        """Who won: the side that lost less of what both claimed; nobody, if they lost the same, or no ruling came."""
        if self.arbitration is not None and self.arbitration.state is arbitration.S.REFUSED:
            return None
        lost = self._lost(self._open_case, self._given)
        return None if lost["payer"] == lost["payee"] else min(lost, key=lambda side: lost[side])

    def _refusal_weights(self, stake: Money, to_payee: Money) -> dict[str, int]:
        """In the shares in which the stake is divided: the rule's, not those to which a small one was rounded."""
        answers = self.rules["arbitration.refusal.divide"]
        rule = next(one for one in answers if self.answer((one,), stake) is not None)
        if rule == "halves":
            return {"payer": 1, "payee": 1}
        if not isinstance(rule, str):
            scale = lcm(*(share.denominator for share in rule.values()))
            return {name: int(share * scale) for name, share in rule.items()}
        return {"payer": (stake - to_payee).minor, "payee": to_payee.minor}

    def _lost(self, it: Dispute, to_payee: Money) -> dict[str, int]:
        """How much of the contested sum each side lost."""
        payer, payee = it.claim_of(Role.PAYER), it.claim_of(Role.PAYEE)
        contested = max(payer + payee - it.stake, self.zero)

        def lost(claim: Money, got: Money) -> int:
            return min(max(claim - got, self.zero), contested).minor

        return {"payer": lost(payer, it.stake - to_payee), "payee": lost(payee, to_payee)}
