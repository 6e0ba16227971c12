"""Training of one member: optimiser, exponential moving average of weights, early stopping."""

from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from gridcast.models.training.loss import pinball
from gridcast.models.training.networks import ForecasterNetwork, Member
from gridcast.models.training.schedule import kept, rate
from gridcast.models.training.settings import TrainingSettings
from gridcast.models.training.training_batches import Lesson

STEEPEST = 1.0
"""Gradient norms are clipped to this."""


class Learner:
    """A member in training.

    A step depends on the state and the step's number only, and so does its dropout. An interrupted
    training therefore resumes bit for bit.
    """

    def __init__(
        self, forecaster: ForecasterNetwork, number: int, settings: TrainingSettings
    ) -> None:
        self.number = number
        self.step = 0
        self.best_loss = float("inf")
        self.best_step = 0
        self.looks_since_best = 0
        self._forecaster = forecaster
        self._settings = settings
        self.member = forecaster.each[number]
        self._average = deepcopy(self.member).eval()
        self._best = _copy(self._average)
        self._optimizer = torch.optim.AdamW(
            self.member.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        self._levels = torch.tensor(forecaster.levels, device=forecaster.error.device)

    @property
    def is_done(self) -> bool:
        """Whether training of this member has finished."""
        patience = self._settings.patience
        return self.step >= self._settings.steps or 0 < patience <= self.looks_since_best

    @property
    def is_to_look(self) -> bool:
        """Whether the validation loss is due at this step."""
        return self.step % self._settings.check_every == 0 or self.step >= self._settings.steps

    def learn(self, lesson: Lesson) -> float:
        """Take one optimiser step and return the loss before it."""
        seed = np.random.SeedSequence([self._settings.seed, self.number, self.step, 2])
        torch.manual_seed(int(seed.generate_state(1)[0]))
        chosen = self._settings
        for group in self._optimizer.param_groups:
            group["lr"] = rate(
                self.step, chosen.steps, chosen.learning_rate, chosen.warmup, chosen.schedule
            )
        self.member.train()
        loss = self._loss(self.member, lesson)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(self.member.parameters(), STEEPEST)
        self._optimizer.step()
        self._follow()
        self.step += 1
        return float(loss.detach())

    @torch.no_grad()
    def look(self, lessons: list[Lesson]) -> float:
        """Return the validation loss of the averaged weights, and keep them if they are the best.

        Without patience the newest weights are kept, so the validation part selects nothing.
        """
        losses = torch.stack([self._loss(self._average, lesson) for lesson in lessons])
        counts = losses.new_tensor([float(lesson.weight.sum()) for lesson in lessons])
        loss = float((losses * counts).sum() / counts.sum())
        self.looks_since_best += 1
        if loss < self.best_loss or not self._settings.patience:
            self.best_loss, self.best_step, self.looks_since_best = loss, self.step, 0
            self._best = _copy(self._average)
        return loss

    def settle(self) -> None:
        """Load the best weights."""
        self.member.load_state_dict(self._best)
        self.member.eval()

    def state(self) -> dict[str, Any]:
        """Return a checkpoint of this member's training."""
        return {
            "number": self.number,
            "step": self.step,
            "best_loss": self.best_loss,
            "best_step": self.best_step,
            "looks_since_best": self.looks_since_best,
            "member": _copy(self.member),
            "average": _copy(self._average),
            "best": deepcopy(self._best),
            "optimizer": deepcopy(self._optimizer.state_dict()),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Restore a checkpoint."""
        self.step, self.best_step = state["step"], state["best_step"]
        self.best_loss, self.looks_since_best = state["best_loss"], state["looks_since_best"]
        self.member.load_state_dict(state["member"])
        self._average.load_state_dict(state["average"])
        self._best = deepcopy(state["best"])
        self._optimizer.load_state_dict(state["optimizer"])

    @torch.no_grad()
    def _follow(self) -> None:
        stays = kept(self.step, self._settings.ema)
        weights = zip(self._average.parameters(), self.member.parameters(), strict=True)
        for averaged, newest in weights:
            averaged.lerp_(newest, 1 - stays)

    def _loss(self, member: Member, lesson: Lesson) -> Tensor:
        quantiles = self._forecaster.at_knots(lesson.answer(member), lesson.references)
        error = self._forecaster.error
        return pinball(quantiles, lesson.truth, lesson.weight, error, self._levels)


def _copy(member: Member) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in member.state_dict().items()}
