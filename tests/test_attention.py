import threading

import pytest
import torch
from diffusers.models.attention_processor import PAGIdentitySelfAttnProcessor2_0

from references import TINY_UNET, carry, relative_error, unets
from safelight.models.attention import Attention, attend, edit_attention, in_the_middle, itself
from safelight.models.unet import UNet, UNetConfig
from safelight.weights.keys import unet_names


@pytest.fixture(scope="module")
def unet():
    return unets(TINY_UNET)[0].double()


def inputs(rows=2):
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(rows, 4, 8, 8, generator=generator).double()
    return x, torch.tensor([981.0, 3.25])[:rows], torch.randn(rows, 77, 32, generator=generator).double()


@torch.no_grad()
def answer(unet):
    return unet(*inputs())


def untouched(unet):
    return all("forward" not in module.__dict__ for module in unet.modules())


def doubled(site, q, k, v, attend):
    return 2 * attend(q, k, v)


def test_the_sites_of_v1_are_sixteen_of_each_kind_named_and_in_the_order_of_a_call():
    with torch.device("meta"):
        unet = UNet(UNetConfig())
    sites = [site for site, _ in unet.sites()]
    for kind in ("self", "cross"):
        of_kind = [site for site in sites if site.kind == kind]
        assert [site.index for site in of_kind] == list(range(16))
        assert [site.level for site in of_kind] == [0, 0, 1, 1, 2, 2, 3, 2, 2, 2, 1, 1, 1, 0, 0, 0]
        assert [site.name for site in of_kind][4:9] == [
            f"{place}.block.{kind}"
            for place in ("down.2.attn.0", "down.2.attn.1", "mid.attn", "up.1.attn.0", "up.1.attn.1")
        ]
    modules = dict(unet.named_modules())
    assert all(modules[site.name] is attention for site, attention in unet.sites())


def test_a_call_passes_the_sites_in_their_order(unet):
    passed = []

    def note(site, q, k, v, attend):
        passed.append(site)
        assert q.shape[1] == k.shape[1] == TINY_UNET.heads
        assert k.shape[2] == (77 if site.kind == "cross" else q.shape[2])
        return attend(q, k, v)

    with edit_attention(unet, note):
        answer(unet)
    assert passed == [site for site, _ in unet.sites()]


def test_an_edit_that_hands_on_changes_no_bit(unet):
    bare = answer(unet)
    with edit_attention(unet, lambda site, q, k, v, attend: attend(q, k, v)):
        assert torch.equal(answer(unet), bare)
    assert torch.equal(answer(unet), bare)


def test_without_edits_the_function_that_runs_is_that_of_the_class_and_nothing_else(unet):
    before = [(attention.forward.__func__, dict(attention.__dict__)) for _, attention in unet.sites()]
    with edit_attention(unet, doubled), edit_attention(unet, itself, lambda site: site.kind == "self"):
        assert not untouched(unet)
    assert untouched(unet)
    assert [(attention.forward.__func__, dict(attention.__dict__)) for _, attention in unet.sites()] == before
    assert all(function is Attention.forward for function, _ in before)


# The compiler says that it leaves the thread's number to Python, which is what is wanted of an edited network.
@pytest.mark.filterwarnings("ignore:Dynamo does not know how to trace the builtin `_thread.get_ident:UserWarning")
def test_a_compiled_network_is_compiled_once_and_still_hears_of_edits(unet):
    graphs = []

    def backend(graph, example):
        graphs.append(graph)
        return graph.forward

    attention = next(iter(unet.sites()))[1]
    x = torch.randn(2, 5, 32, generator=torch.Generator().manual_seed(0)).double()
    torch._dynamo.reset()
    with torch.no_grad():
        compiled = torch.compile(attention, backend=backend)
        bare = compiled(x)
        with edit_attention(unet, itself):
            assert relative_error(compiled(x), attention.join(attention.split(attention.v(x)))) < 1e-12
        during = len(graphs)
        assert torch.equal(compiled(x), bare)
    assert len(graphs) == during, "after an edit the network is compiled again"
    torch._dynamo.reset()


def test_an_edit_that_fails_leaves_nothing_behind(unet):
    def fail(site, q, k, v, attend):
        raise RuntimeError(site.name)

    with pytest.raises(RuntimeError, match="down"), edit_attention(unet, fail):
        answer(unet)
    assert untouched(unet)


def test_of_nested_edits_the_innermost_is_asked_first_and_hands_on_outwards(unet):
    order = []

    def noting(name):
        def edit(site, q, k, v, attend):
            order.append(name)
            return attend(q, k, v)

        return edit

    where = lambda site: site.name.startswith("mid") and site.kind == "self"  # noqa: E731
    with edit_attention(unet, noting("outer"), where):
        with edit_attention(unet, noting("inner"), where):
            answer(unet)
        answer(unet)
    assert order == ["inner", "outer", "outer"]


def test_nested_edits_compose(unet):
    def quarter(site, q, k, v, attend):
        return attend(q, k, v) / 2

    with edit_attention(unet, doubled), edit_attention(unet, quarter):
        assert torch.equal(answer(unet), answer_without(unet))


def answer_without(unet):
    """The bare answer, from a thread that has no edits."""
    found = []
    thread = threading.Thread(target=lambda: found.append(answer(unet)))
    thread.start()
    thread.join()
    return found[0]


def test_edits_belong_to_the_thread_that_made_them(unet):
    bare = answer(unet)
    with edit_attention(unet, doubled):
        assert torch.equal(answer_without(unet), bare)
        assert not torch.equal(answer(unet), bare)


def test_threads_that_leave_in_another_order_than_they_came_restore_all(unet):
    bare, one_in, other_in, one_out = answer(unet), *(threading.Event() for _ in range(3))
    found = {}

    def one():
        with edit_attention(unet, doubled):
            one_in.set()
            assert other_in.wait(30)
            found["one"] = answer(unet)
        one_out.set()

    def other():
        assert one_in.wait(30)
        with edit_attention(unet, itself, lambda site: site.kind == "self"):
            other_in.set()
            assert one_out.wait(30)
            found["other"] = answer(unet)

    threads = [threading.Thread(target=run) for run in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with edit_attention(unet, doubled):
        assert torch.equal(found["one"], answer(unet))
    with edit_attention(unet, itself, lambda site: site.kind == "self"):
        assert torch.equal(found["other"], answer(unet))
    assert untouched(unet)
    assert torch.equal(answer(unet), bare)


def test_an_edit_of_cross_attention_can_replace_the_prompt(unet):
    x, t, context = inputs()
    with torch.no_grad():
        plain = unet(x, t, context.flip(0))

        def swap(site, q, k, v, attend):
            return attend(q, k.flip(0), v.flip(0))

        with edit_attention(unet, swap, lambda site: site.kind == "cross"):
            assert relative_error(unet(x, t, context), plain) < 1e-12


def test_an_edit_may_ask_more_than_once_and_add_tokens_of_its_own(unet):
    """Decoupled cross-attention with no weight on the second part is plain attention."""

    def decoupled(site, q, k, v, attend):
        return attend(q, k, v) + 0.0 * attend(q, k[:, :, :4], v[:, :, :4])

    with edit_attention(unet, decoupled, lambda site: site.kind == "cross"):
        edited = answer(unet)
    assert torch.equal(edited, answer(unet))


def test_sliced_attention_is_attention(unet):
    def sliced(site, q, k, v, attend):
        return torch.cat([attend(part, k, v) for part in q.split(7, dim=2)], dim=2)

    with edit_attention(unet, sliced):
        edited = answer(unet)
    assert relative_error(edited, answer(unet)) < 1e-12


def test_where_that_picks_nothing_is_an_error(unet):
    with pytest.raises(ValueError, match="picks no site"), edit_attention(unet, itself, lambda site: site.level > 9):
        pass
    assert untouched(unet)


def test_gradients_flow_through_an_edit(unet):
    x, t, context = inputs()
    context.requires_grad_(True)
    with edit_attention(unet, doubled):
        unet(x, t, context).sum().backward()
    assert context.grad is not None
    assert context.grad.abs().max() > 0


def test_seeing_only_itself_is_attention_whose_scores_are_the_identity():
    q, k, v = torch.randn(3, 2, 4, 9, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    eye = 1e4 * torch.eye(9, dtype=torch.float64)
    assert torch.equal(itself(None, q, k, v, attend), v)
    assert relative_error(attend(eye.expand(2, 4, 9, 9), eye.expand(2, 4, 9, 9), v), v) < 1e-12


def test_perturbed_attention_in_the_middle_is_that_of_diffusers():
    """Theirs computes both halves of a batch at once, the second one perturbed; ours asks for each."""
    ours, theirs = (network.double() for network in unets(TINY_UNET))
    attention = theirs.mid_block.attentions[0].transformer_blocks[0].attn1
    with torch.no_grad():  # fresh weights hardly attend; louder ones do
        for weight in attention.parameters():
            weight.mul_(8)
    carry(theirs.state_dict(), ours, unet_names(TINY_UNET))
    attention.set_processor(PAGIdentitySelfAttnProcessor2_0())
    x, t, context = inputs()
    with torch.no_grad():
        plain, perturbed = theirs(torch.cat([x, x]), torch.cat([t, t]), torch.cat([context, context])).sample.chunk(2)
        assert relative_error(ours(x, t, context), plain) < 1e-7
        with edit_attention(ours, itself, in_the_middle):
            assert relative_error(ours(x, t, context), perturbed) < 1e-7
    assert relative_error(plain, perturbed) > 1e-5
    assert [site.name for site, _ in ours.sites() if in_the_middle(site)] == ["mid.attn.block.self"]
